// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/traffic.h"

#include <cstdio>

namespace h2 {
namespace {

NodeSet cores_of(const std::vector<CoreSlice>& slices) {
  NodeSet cores;
  for (const CoreSlice& s : slices) cores.set(s.core);
  return cores;
}

void add_flits(const NocSpec& noc, const MeshRoutes& mesh, const CoreStream& stream,
               const NodeSet& to, std::vector<std::uint64_t>& links) {
  const std::uint64_t flits = flits_of(stream.bytes, noc.packet_bytes, noc.flit_bytes());
  for (const int link : mesh.route(stream.from.core, to)) links[link] += flits;
}

}  // namespace

std::uint64_t spike_bytes(const Layer& layer, int channels, int steps) {
  const std::uint64_t words = ceil_div(channels * layer.next_planes, 16);
  return 2 * words * layer.next_h * layer.next_w * steps;
}

std::uint64_t gradient_bytes(const Layer& layer, int channels, int steps) {
  return std::uint64_t{2} * channels * layer.soma_h * layer.soma_w * steps;
}

std::vector<CoreStream> streams_of(const Mapping& mapping, const Network& network) {
  std::vector<CoreStream> streams;
  const int steps = network.timesteps;
  for (int l = 0; l + 1 < static_cast<int>(mapping.layers.size()); ++l) {
    if (!mapping.joined(l)) continue;
    const auto &below = mapping.layers[l], &above = mapping.layers[l + 1];
    for (const CoreSlice& s : below) {
      streams.push_back(
          {false, s, cores_of(above), spike_bytes(network.layers[l], s.channels(), steps)});
    }
    for (const CoreSlice& s : above) {
      streams.push_back(
          {true, s, cores_of(below), gradient_bytes(network.layers[l + 1], s.channels(), steps)});
    }
  }
  return streams;
}

TrafficBytes arriving(const std::vector<CoreStream>& streams) {
  TrafficBytes bytes;
  for (const CoreStream& s : streams) {
    (s.gradients ? bytes.gradients : bytes.spikes) += s.bytes * s.to.count();
  }
  return bytes;
}

std::vector<std::uint64_t> link_flits(const MulticoreSpec& spec,
                                      const std::vector<CoreStream>& streams) {
  const MeshRoutes mesh(spec);
  std::vector<std::uint64_t> links(mesh.links());
  for (const CoreStream& s : streams) {
    if (spec.noc.multicast) {
      add_flits(spec.noc, mesh, s, s.to, links);
      continue;
    }
    for (int core = 0; core < spec.count; ++core) {
      if (s.to.test(core)) add_flits(spec.noc, mesh, s, NodeSet().set(core), links);
    }
  }
  return links;
}

std::string describe_traffic(const MulticoreSpec& spec, const std::vector<CoreStream>& streams) {
  const TrafficBytes bytes = arriving(streams);
  char line[160];
  std::snprintf(
      line, sizeof line,
      "  between cores, per sample: %.3f MB of spikes, %.3f MB of grad-u; flits of %d bits\n",
      bytes.spikes / 1e6, bytes.gradients / 1e6, spec.noc.flit_bits);
  std::string text = line;
  const MeshRoutes mesh(spec);
  const std::vector<std::uint64_t> links = link_flits(spec, streams);
  for (int router = 0; router < mesh.routers(); ++router) {
    std::string loads;
    for (int port = 0; port < kMeshPorts; ++port) {
      const std::uint64_t flits = links[MeshRoutes::link(router, port)];
      if (flits == 0) continue;
      loads +=
          std::string(" ") + name_of(static_cast<MeshPort>(port)) + " " + std::to_string(flits);
    }
    if (!loads.empty()) text += "  router " + std::to_string(router) + ", flits:" + loads + "\n";
  }
  return text;
}

}  // namespace h2
