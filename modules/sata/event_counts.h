// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/device/event_counts.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/sata/sata_spec.h"
#include "modules/sata/words.h"
#include "modules/tensor/maps.h"

// Events of one chunk of SATA's array, what an energy model multiplies by a cost; formulas in
// SATA.md beside this file.

namespace h2 {

/// In the order of sata_events().
enum SataEvent : std::size_t {
  kSpikeMacs = kDeviceEvents,
  kGatedSpikeMacs,
  kValueMacs,
  kGatedValueMacs,
  kLifUpdates,
  kReluUpdates,
  kPotentialGradients,
  kGatedPotentialGradients,
  kSataWeightUpdates,
  kSataWeightDecays,
  kPublishedDramWords,
  kPublishedGlbWords,
  kPublishedPeWords,
  kSataEvents
};
const std::vector<EventKind>& sata_events();

/// Part of a layer that one chunk works on.
struct SataPart {
  std::uint64_t maps = 1;  ///< samples x timesteps
  Region tile;             ///< positions whose sums are made
  int inputs = 0;          ///< terms of one tap: input channels with planes, or gradients
  int outputs = 0;         ///< channels whose sums are made
  int taps = 1;
};

/// Forward pass or weight gradient, `driven`: terms of one output channel that have a spike, or an
/// activation that is not 0.
EventCounts input_mac_events(const SataSpec& array, const SataPart& part, std::uint64_t driven);
/// Backward pass, `nonzero`: terms of one channel whose grad-u is not zero.
EventCounts value_mac_events(const SataSpec& array, const SataPart& part, std::uint64_t nonzero);
/// Reads of operands: `streamed` bytes once per fold of the array, `held` bytes once.
EventCounts operand_events(std::uint64_t streamed, std::uint64_t folds, std::uint64_t held);
/// Sums of a weight gradient, written once per sample and read but for the first.
EventCounts sum_events(std::uint64_t sums, std::uint64_t samples, bool first);
/// Sums that the LIF units, or those of ReLU, take.
EventCounts neuron_events(const SataSpec& array, std::uint64_t sums);
/// Dense multiply-accumulates of the array, gated ones among them.
std::uint64_t macs_of(const EventCounts& events);
/// Gradients that the gradient units make, `open` of them with a surrogate gradient that is not 0.
EventCounts potential_gradient_events(const SataSpec& array, std::uint64_t gradients,
                                      std::uint64_t open);
/// Optimiser step over `weights` weights with `states` FP32 values beside each FP32 weight.
EventCounts sata_update_events(std::uint64_t weights, int states, bool decays);
EventCounts published_events(const PublishedWords& words);

/// Set bits of channels [c0, c1) in `region`, over all maps.
std::uint64_t set_bits(const BitMap& bits, Region region, int c0, int c1);
/// Pairs of a non-zero grad-u of channels [k0, k1) and a position of `tile` that it reaches through
/// `above`, over all maps: `grad_u` lies at out_h x out_w. A fully connected layer reaches all.
std::uint64_t reaching_gradients(const Layer& above, const ValueMap& grad_u, Region tile, int k0,
                                 int k1);
std::uint64_t reaching_gradients(const Layer& above, const BitMap& nonzero, Region tile, int k0,
                                 int k1);

}  // namespace h2
