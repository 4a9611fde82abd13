// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/event_counts.h"

#include <algorithm>

#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

constexpr std::uint64_t kFp16Bytes = 2, kFp32Bytes = 4;  // as charged

std::uint64_t dense_macs(const SataPart& part) {
  return part.maps * part.tile.area() * part.taps * part.inputs *
         static_cast<std::uint64_t>(part.outputs);
}

std::uint64_t bits(std::uint64_t count) { return ceil_div(count, 8); }

std::uint64_t bits_at(const std::uint16_t* words, int c0, int c1) {
  std::uint64_t ones = 0;
  for (int c = c0; c < c1;) {
    const int end = std::min(c1, (c / 16 + 1) * 16);
    const unsigned keep = ((1U << (end - c)) - 1) << (c % 16);
    ones += count_ones(static_cast<std::uint16_t>(words[c / 16] & keep));
    c = end;
  }
  return ones;
}

/// Positions of `tile` along one side, [low, high), that output `at` of a layer reads.
int reached(const Layer& l, int at, int low, int high) {
  const int first = at * l.stride - l.pad;
  return std::max(0, std::min(first + l.kernel, high) - std::max(first, low));
}

template <class Count>
std::uint64_t reaching(const Layer& above, int maps, Region tile, Count count) {
  const bool fully = above.kind == LayerKind::fc;
  std::uint64_t sum = 0;
  for (int y = 0; y < above.out_h; ++y)
    for (int x = 0; x < above.out_w; ++x) {
      const std::uint64_t area =
          fully ? static_cast<std::uint64_t>(tile.area())
                : static_cast<std::uint64_t>(reached(above, y, tile.y0, tile.y1)) *
                      reached(above, x, tile.x0, tile.x1);
      if (area == 0) continue;
      for (int map = 0; map < maps; ++map) sum += area * count(map, y, x);
    }
  return sum;
}

}  // namespace

const std::vector<EventKind>& sata_events() {
  static const std::vector<EventKind> kinds{
      {"glb_read_bytes", "B", "read from the operand buffers, by the array and by stores",
       "chunk by chunk: operands once per fold that takes them, and bytes stored"},
      {"glb_write_bytes", "B", "written to the operand buffers, by loads and by the array",
       "chunk by chunk: bytes loaded, and results"},
      {"spike_macs", "1", "AND with an addition that switch",
       "one per term of a sum of weights or gradients with a spike; gate off: every term"},
      {"gated_spike_macs", "1", "AND with an addition that the spike gate keeps still",
       "terms without a spike, those outside the map among them"},
      {"value_macs", "1", "multiplication with an addition that switch",
       "one per term whose grad-u, or activation, is not zero; gate off: every term"},
      {"gated_value_macs", "1",
       "multiplication with an addition that the gradient gate keeps still",
       "terms whose grad-u, or activation, is zero, those outside the map among them"},
      {"lif_updates", "1", "potentials that LIF units take", "one per neuron, sample, timestep"},
      {"relu_updates", "1", "sums that units of ReLU take", "one per neuron and sample"},
      {"potential_gradients", "1", "gradients whose surrogate product switches",
       "one per neuron, sample, timestep with an open mask; gate off: every one"},
      {"gated_potential_gradients", "1", "gradients whose surrogate product the gate keeps still",
       "neurons, samples, timesteps with a closed mask"},
      {"weight_updates", "1", "weights that take an optimiser step", "one per weight and update"},
      {"weight_decays", "1", "weights that an optimiser step also decays",
       "one per weight and update with a weight decay above 0"},
      {"words_published_dram", "words",
       "16-bit words of external memory as the published tool counts them",
       "modules/sata/SATA.md, words; weights and operands of some phases are left out there"},
      {"words_published_glb", "words", "16-bit words of the operand buffers, the same way",
       "modules/sata/SATA.md, words"},
      {"words_published_pe", "words", "16-bit words of the PEs' own memories, the same way",
       "modules/sata/SATA.md, words"},
  };
  return kinds;
}

EventCounts input_mac_events(const SataSpec& array, const SataPart& part, std::uint64_t driven) {
  const std::uint64_t dense = dense_macs(part);
  const SataEvent done = array.ann ? kValueMacs : kSpikeMacs;
  EventCounts events;
  events[done] = array.gates.spikes ? driven * part.outputs : dense;
  events[array.ann ? kGatedValueMacs : kGatedSpikeMacs] = dense - events[done];
  return events;
}

std::uint64_t macs_of(const EventCounts& events) {
  return events[kSpikeMacs] + events[kGatedSpikeMacs] + events[kValueMacs] +
         events[kGatedValueMacs];
}

EventCounts value_mac_events(const SataSpec& array, const SataPart& part, std::uint64_t nonzero) {
  const std::uint64_t dense = dense_macs(part);
  EventCounts events;
  events[kValueMacs] = array.gates.gradients ? nonzero * part.outputs : dense;
  events[kGatedValueMacs] = dense - events[kValueMacs];
  return events;
}

EventCounts operand_events(std::uint64_t streamed, std::uint64_t folds, std::uint64_t held) {
  EventCounts events;
  events[kGlbReadBytes] = streamed * folds + held;
  return events;
}

EventCounts sum_events(std::uint64_t sums, std::uint64_t samples, bool first) {
  EventCounts events;
  events[kGlbReadBytes] = sums * kFp16Bytes * (samples - (first ? 1 : 0));
  events[kGlbWriteBytes] = sums * kFp16Bytes * samples;
  return events;
}

EventCounts neuron_events(const SataSpec& array, std::uint64_t sums) {
  EventCounts events;
  events[array.ann ? kReluUpdates : kLifUpdates] = sums;
  // u of the timestep before; u, or the activation; spike and mask, or the mask.
  events[kGlbReadBytes] = array.ann ? 0 : sums * kFp16Bytes;
  events[kGlbWriteBytes] = sums * kFp16Bytes + bits(array.ann ? sums : 2 * sums);
  return events;
}

EventCounts potential_gradient_events(const SataSpec& array, std::uint64_t gradients,
                                      std::uint64_t open) {
  EventCounts events;
  events[kPotentialGradients] = array.gates.surrogate ? open : gradients;
  events[kGatedPotentialGradients] = gradients - events[kPotentialGradients];
  // u, spike and mask bit, or the mask; grad-u. The sum comes from the PE.
  events[kGlbReadBytes] =
      array.ann ? bits(gradients) : gradients * kFp16Bytes + bits(2 * gradients);
  events[kGlbWriteBytes] = gradients * kFp16Bytes;
  return events;
}

EventCounts sata_update_events(std::uint64_t weights, int states, bool decays) {
  EventCounts events;
  events[kSataWeightUpdates] = weights;
  if (decays) events[kSataWeightDecays] = weights;
  events[kGlbReadBytes] = weights * (kFp32Bytes * (1 + states) + kFp16Bytes);
  events[kGlbWriteBytes] = events[kGlbReadBytes];
  return events;
}

EventCounts published_events(const PublishedWords& words) {
  EventCounts events;
  events[kPublishedDramWords] = words.dram;
  events[kPublishedGlbWords] = words.glb;
  events[kPublishedPeWords] = words.pe;
  return events;
}

std::uint64_t set_bits(const BitMap& bits, Region region, int c0, int c1) {
  std::uint64_t ones = 0;
  for (int map = 0; map < bits.maps; ++map)
    for (int y = region.y0; y < region.y1; ++y)
      for (int x = region.x0; x < region.x1; ++x) ones += bits_at(bits.at(map, y, x), c0, c1);
  return ones;
}

std::uint64_t reaching_gradients(const Layer& above, const ValueMap& grad_u, Region tile, int k0,
                                 int k1) {
  return reaching(above, grad_u.maps, tile, [&](int map, int y, int x) {
    const float* values = grad_u.at(map, y, x);
    return static_cast<std::uint64_t>(
        std::count_if(values + k0, values + k1, [](float v) { return v != 0; }));
  });
}

std::uint64_t reaching_gradients(const Layer& above, const BitMap& nonzero, Region tile, int k0,
                                 int k1) {
  return reaching(above, nonzero.maps, tile,
                  [&](int map, int y, int x) { return bits_at(nonzero.at(map, y, x), k0, k1); });
}

}  // namespace h2
