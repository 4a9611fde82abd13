// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/multicore/multicore_spec.h"
#include "modules/network/network.h"

namespace h2 {

/// Output channels [begin, end) of a layer on a core. `begin` is a multiple of kSliceChannels, the
/// channels that tensors in memory keep together.
struct CoreSlice {
  int layer = 0, core = 0;
  int begin = 0, end = 0;

  int channels() const { return end - begin; }
};
constexpr int kSliceChannels = 16;

/// Which core does what. Layers of one round are computed at the same time and hand their results
/// to each other over the mesh; between rounds results pass through memory.
struct Mapping {
  std::vector<std::vector<CoreSlice>> layers;  ///< slices of each layer, channels ascending
  std::vector<int> rounds;                     ///< of each layer, 0, 0, 1, ...

  int round_count() const { return rounds.back() + 1; }
  /// Whether the layer hands its results to the next one over the mesh.
  bool joined(int layer) const {
    return layer + 1 < static_cast<int>(rounds.size()) && rounds[layer] == rounds[layer + 1];
  }
};

/// Puts the layers on the cores. "auto": every layer gets one core, then, while cores are left, the
/// layer whose busiest core has the most cycles in the forward pass gets one more; "balanced": in
/// the longest of its three passes. With fewer cores than layers every layer is cut for all cores,
/// one round each. Otherwise the list: "conv2 1-3" cuts a layer evenly
/// for cores 1, 2 and 3, "conv2[0-63] 1" puts channels 0 to 63 on core 1, "fc1 4,7" names cores.
/// Throws InputError that names the item: unknown layer or core, a layer without core, overlapping
/// or missing channels, a cut that is no multiple of kSliceChannels.
Mapping map_layers(const MulticoreSpec& spec, const Network& network);

/// Cycles of one sample of `channels` output channels, all timesteps, on one engine: a lane does
/// one multiply-accumulate per cycle, whether its input is a spike, a quarter or a pixel.
std::uint64_t core_cycles(const MulticoreSpec& spec, const Layer& layer, int channels, int steps);

/// The same of the engine for the backward pass: of the core that has `channels` of layer `layer`
/// and makes their grad-u, from that of the layer above or, at the last layer, from the loss.
std::uint64_t backward_cycles(const MulticoreSpec& spec, const Network& network, int layer,
                              int channels);

/// Cycles of one sample by core and by the busiest of them, and how evenly the cores are loaded.
struct PassLoad {
  std::vector<std::uint64_t> cycles;
  std::uint64_t slowest = 0;
  double balance = 0;  ///< mean / slowest, over all cores of the mesh
};
/// Of the engines for the forward pass, which have the cycles of those for weight gradients, and of
/// the engines for the backward pass.
struct MappingLoad {
  PassLoad forward, backward;
};
MappingLoad load_of(const MulticoreSpec& spec, const Mapping& mapping, const Network& network);

/// One line per layer: its cores with their channels and cycles.
std::string describe(const MulticoreSpec& spec, const Mapping& mapping, const Network& network);

}  // namespace h2
