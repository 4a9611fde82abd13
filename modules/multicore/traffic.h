// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/multicore/mapper.h"
#include "modules/multicore/mesh_routes.h"

namespace h2 {

/// Results of one slice for the cores of a neighbouring layer: spikes upwards or grad-u downwards.
struct CoreStream {
  bool gradients = false;
  CoreSlice from;
  NodeSet to;
  std::uint64_t bytes = 0;  ///< of one sample, all timesteps, to each of the cores
};

/// Bytes of one sample that `channels` channels of a layer hand on: a bit per neuron and timestep,
/// three per 2x2 group after AP2 on spikes, in words of 16 bits.
std::uint64_t spike_bytes(const Layer& layer, int channels, int steps);
/// The same of grad-u: two bytes per neuron and timestep.
std::uint64_t gradient_bytes(const Layer& layer, int channels, int steps);

/// Everything that goes over the mesh from core to core for one sample: layers of the same round.
std::vector<CoreStream> streams_of(const Mapping& mapping, const Network& network);

/// Bytes of one sample as they arrive, counted once per receiving core.
struct TrafficBytes {
  std::uint64_t spikes = 0, gradients = 0;
};
TrafficBytes arriving(const std::vector<CoreStream>& streams);

/// Flits of one sample by link (MeshRoutes::link), spikes and grad-u.
std::vector<std::uint64_t> link_flits(const MulticoreSpec& spec,
                                      const std::vector<CoreStream>& streams);

/// Bytes, and the mesh as a map: flits of one sample out of every router by port.
std::string describe_traffic(const MulticoreSpec& spec, const std::vector<CoreStream>& streams);

}  // namespace h2
