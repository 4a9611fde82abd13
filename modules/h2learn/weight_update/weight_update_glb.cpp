// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "modules/h2learn/glb_sizes.h"

namespace h2 {
namespace {

/// Halves of the Weight Update Engine's buffers for spikes and grad-w.
struct WeightUpdateHalves {
  int spikes = kPingPong, grad_w = kPingPong;
};

GlbItems weight_update_items(const GlbSizes& sizes, const Layer& layer, int channels,
                             WeightUpdateHalves halves, bool resident) {
  const int outputs = std::min(layer.cout, sizes.machine.weight_update.cols);
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t spikes =
      product({resident ? layer.cin_star()
                        : covering(channels * layer.planes, sizes.stored, layer.cin_star()),
               input_area(layer, tile), sizes.input_maps(layer)});
  const int vectors = resident ? layer.cout : outputs;
  const int once = resident ? 1 : kPingPong;
  GlbItems items{
      {"grad-u", value_bytes(product({vectors, tile.area(), sizes.maps()})), once},
      {"input spikes", bit_bytes(spikes) + sizes.padding(layer), resident ? 1 : halves.spikes},
      {"grad-w", value_bytes(product({outputs, channels, layer.taps()})), halves.grad_w, true}};
  // The sum so far is read in steps, in the place of grad-u and spikes unless these stay.
  const std::uint64_t step =
      value_bytes(product({std::min(outputs, kMergeOutputs), channels, layer.taps()}));
  const std::uint64_t place =
      resident ? 0 : items[0].bytes * items[0].halves + items[1].bytes * items[1].halves;
  if (step > place) items.push_back({"grad-w so far", step - place, 1});
  return items;
}

/// Channels of a pass: all, or the largest multiple of 64 (16) that fits, at least one.
int weight_update_channels(const GlbSizes& sizes, const Layer& layer, bool resident) {
  const auto fits = [&](int channels) {
    return total_of(weight_update_items(sizes, layer, channels, {}, resident)) <=
           sizes.machine.glb.weight_update;
  };
  if (fits(layer.cin)) return layer.cin;
  const auto largest = [&](int step) {
    int channels = layer.cin / step * step;
    while (channels > step && !fits(channels)) channels -= step;
    return channels;
  };
  const int wide = largest(kWeightBlockInputs);
  if (wide > 0 && fits(wide)) return wide;
  return std::max(largest(kChannelGranularity), std::min(layer.cin, kChannelGranularity));
}

}  // namespace

void plan_weight_update(const GlbSizes& sizes, const Layer& layer, GlbPlan& plan) {
  const std::uint64_t capacity = sizes.machine.glb.weight_update;
  const bool fc = layer.kind == LayerKind::fc;
  constexpr WeightUpdateHalves kSingle{1, 1};
  const int least = std::min(layer.cin, kWeightBlockInputs);
  const bool resident = fc && !layer.grouped &&
                        total_of(weight_update_items(sizes, layer, least, {}, true)) <= capacity;
  int channels = weight_update_channels(sizes, layer, resident);
  WeightUpdateHalves halves;
  if (!fc && channels < layer.cin &&
      total_of(weight_update_items(sizes, layer, layer.cin, kSingle, false)) <= capacity) {
    channels = layer.cin;
    halves = kSingle;
  }
  GlbItems items = weight_update_items(sizes, layer, channels, halves, resident);
  plan.weight_update_channels.push_back(channels);
  plan.weight_update_resident.push_back(resident);
  plan.weight_update_room.push_back(room_of(items, capacity));
  plan.weight_update_bytes.push_back(total_of(items));
  demand(plan.weight_update, sizes, "weight_update", layer, std::move(items));
}

}  // namespace h2
