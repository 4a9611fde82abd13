// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/mesh.h"

#include <algorithm>
#include <functional>
#include <string>

namespace h2 {
namespace {

sc_core::sc_time period_at(double clock_mhz, const sc_core::sc_time& otherwise) {
  return clock_mhz > 0 ? sc_core::sc_time(1e6 / clock_mhz, sc_core::SC_PS) : otherwise;
}

/// The input on the other side of a link.
int opposite(int port) {
  static const int other[] = {kLocalPort, kSouthPort, kWestPort, kNorthPort, kEastPort};
  return other[port];
}

}  // namespace

Mesh::Mesh(sc_core::sc_module_name name, const MulticoreSpec& spec, const sc_core::sc_time& period,
           Trace& trace)
    : sc_module(name),
      spec_(spec),
      routes_(spec),
      board_period_(period),
      period_(period_at(spec.noc.clock_mhz, period)) {
  for (int r = 0; r < routes_.routers(); ++r) {
    const Router::Settings s{period_, r, spec.noc.hop_cycles, spec.noc.buffer_packets};
    routers_.push_back(
        std::make_unique<Router>(("router" + std::to_string(r)).c_str(), s, routes_, pool_, trace));
  }
  for (int node = 0; node < routes_.nodes(); ++node) {
    const std::string label = routes_.is_gateway(node)
                                  ? "gateway_link" + std::to_string(node - routes_.routers())
                                  : "core_link" + std::to_string(node);
    endpoints_.push_back(std::make_unique<MeshEndpoint>(label.c_str(), endpoint(node), pool_));
    Router& router = *routers_[routes_.router_of(node)];
    const int port = routes_.is_gateway(node) ? kWestPort : kLocalPort;
    endpoints_.back()->out.bind(*router.in[port]);
    router.out[port]->bind(endpoints_.back()->in);
  }
  for (int r = 0; r < routes_.routers(); ++r) connect(r);
}

Mesh::~Mesh() = default;

void Mesh::connect(int router) {
  for (int port = 0; port < kMeshPorts; ++port) {
    const int next = routes_.neighbour(router, port);
    if (next >= 0) routers_[router]->out[port]->bind(*routers_[next]->in[opposite(port)]);
  }
}

sc_core::sc_time Mesh::core_period(int index) const {
  const auto& clocks = spec_.clocks_mhz;
  const double clock = clocks.size() == 1 ? clocks[0] : index < spec_.count ? clocks[index] : 0;
  return period_at(clock, board_period_);
}

/// Gateways have the clock of the board.
MeshEndpoint::Settings Mesh::endpoint(int node) const {
  const sc_core::sc_time own = routes_.is_gateway(node) ? board_period_ : core_period(node);
  return {period_, own, own != period_, spec_.noc.sync_cycles, node};
}

FlitCounts Mesh::flits_of_all_links() const {
  FlitCounts sum{};
  for (const auto& router : routers_) {
    for (int port = 0; port < kMeshPorts; ++port) {
      for (std::size_t k = 0; k < kPacketKinds; ++k) sum[k] += router->output(port).flits[k];
    }
  }
  return sum;
}

MeshEndpoint::Stats Mesh::latencies() const {
  MeshEndpoint::Stats sum;
  for (const auto& endpoint : endpoints_) {
    const MeshEndpoint::Stats& s = endpoint->stats();
    sum.sent += s.sent;
    sum.received += s.received;
    sum.latency_cycles += s.latency_cycles;
    sum.longest_cycles = std::max(sum.longest_cycles, s.longest_cycles);
    std::transform(s.by_latency.begin(), s.by_latency.end(), sum.by_latency.begin(),
                   sum.by_latency.begin(), std::plus<>());
  }
  return sum;
}

}  // namespace h2
