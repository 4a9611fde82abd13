// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/device/event_counts.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"

// Events of one chunk, beside its cycles (cycles.h): what an energy model multiplies by a cost. The
// formulas with a worked number are in EVENTS.md beside this file.

namespace h2 {

/// Events of H2Learn's engines, in the order of h2learn_events().
enum H2LearnEvent : std::size_t {
  kLutWrites = kDeviceEvents,
  kLutFillAdds,
  kLutReads,
  kAccAdds,
  kSpikingAccAdds,
  kMacs,
  kMaskScans,
  kWindowScans,
  kSomaUpdates,
  kGradUpdates,
  kWeightUpdates,
  kWeightDecays,
  kSlopeReads,
  kNormValues,
  kH2LearnEvents
};
const std::vector<EventKind>& h2learn_events();

/// Part of a layer that one chunk works on.
struct ChunkPart {
  Region tile;           ///< output positions
  int in0 = 0, in1 = 0;  ///< input channels*
  int outputs = 0;       ///< output channels
  int batch = 1, steps = 1;
  bool first = true;  ///< the first part of these sums: no partial sums to read
  TensorKind operands = TensorKind::spike;  ///< of the forward pass and the weight gradient
};

/// Sub-LUTs that serve `parts` weights (Forward Engine) or positions (Weight Update Engine) of at
/// most `inputs` each; 2^n entries of each are written, from n+1 of which no addition is needed.
struct SubLuts {
  std::uint64_t count = 0, entries = 0, fill_adds = 0;
};
SubLuts sub_luts(int parts, int inputs);

/// Forward Engine. `spiking`: look-ups of one output channel that have a spike (spiking_lookups.h;
/// without LUT: spikes looked at).
EventCounts forward_events(const Layer& layer, const ForwardSpec& array, const ChunkPart& part,
                           std::uint64_t spiking);
/// Soma behind it: `potentials` of all channels, samples and timesteps.
EventCounts soma_events(std::uint64_t potentials);

/// Batch norm: `values` that go through it once, each read and written.
EventCounts norm_events(std::uint64_t values);

/// Weight Update Engine. `merged`: FP16 additions that join a finished gradient with other bit
/// planes and with the sum so far.
EventCounts weight_gradient_events(const Layer& layer, const WeightUpdateSpec& array,
                                   const ChunkPart& part, std::uint64_t spiking,
                                   std::uint64_t merged);
/// Optimiser step over `weights` weights with `states` FP32 values beside each FP32 weight.
EventCounts update_events(std::uint64_t weights, int states, bool decays = false);

/// Backward Engine: `part.tile` lies on the map that `above` reads, `part.outputs` counts channels
/// of grad-u, in0..in1 the channels whose gradient is computed.
struct BackwardCounts {
  std::uint64_t macs = 0;          ///< that the PEs did
  std::uint64_t open_outputs = 0;  ///< (sample, timestep, position, channel) that are computed
  std::uint64_t mask_bits = 0;     ///< that the Effectual-O finders scan for this chunk
};
EventCounts backward_events(const Layer& above, const BackwardSpec& array, const ChunkPart& part,
                            const BackwardCounts& counts);
/// Grad behind it: `gradients` of all channels, samples and timesteps.
EventCounts grad_events(std::uint64_t gradients, Surrogate surrogate = Surrogate::rectangle);

}  // namespace h2
