// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/norm/norm_glb.h"

#include <algorithm>
#include <utility>

#include "modules/h2learn/forward/pooled_tiles.h"
#include "modules/h2learn/glb_sizes.h"

namespace h2 {
namespace {

/// gamma, beta, running mean and variance as stored; mean and variance, FP32.
std::uint64_t constant_bytes(const Layer& layer) { return product({layer.cout, 4 * 2 + 2 * 4}); }

GlbItems forward_norm_items(const GlbSizes& sizes, const Layer& layer) {
  const int channels = std::min(layer.cout, norm_channels(sizes.machine.forward.cols));
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t maps = product({channels, sizes.maps()});
  const std::uint64_t currents = product({channels, tile.area(), sizes.input_maps(layer)});
  GlbItems items{
      {"currents", value_bytes(currents), 1},
      {"batch norm", constant_bytes(layer), 1},
      {"u, spikes and mask", largest_forward_results(layer, sizes.machine.tile, maps), 1, true}};
  const std::uint64_t added = product({channels, tile.area(), sizes.maps()});
  if (layer.adds >= 0 && layer.adds_potentials) {
    items.push_back({"added potentials", value_bytes(added), 1});
  } else if (layer.adds >= 0) {
    items.push_back(
        {"added spikes", bit_bytes(added) + static_cast<std::uint64_t>(sizes.parts), 1});
  }
  return items;
}

GlbItems backward_norm_items(const GlbSizes& sizes, const Layer& layer) {
  const int channels = std::min(layer.cout, norm_channels(sizes.machine.backward.cols));
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t values = product({channels, tile.area(), sizes.maps()});
  return {{"grad-u", value_bytes(values), 1},
          {"currents", value_bytes(values), 1},
          {"batch norm", constant_bytes(layer), 1},
          {"gradient of the currents", value_bytes(values) + bit_bytes(values) + 16, 1, true}};
}

/// Twice what the results need, so that one chunk is stored while the next is computed, if the
/// operands leave so much.
GlbRoom roomy(const GlbItems& items, std::uint64_t capacity) {
  const std::uint64_t results = room_of(items, capacity).results;
  const std::uint64_t operands = total_of(items) - results;
  const std::uint64_t left = capacity - operands;
  return {capacity - std::min(left, 2 * results), std::min(left, 2 * results)};
}

}  // namespace

void plan_norm(const GlbSizes& sizes, const Layer& layer, GlbPlan& plan) {
  plan.norm_forward_room.emplace_back();
  plan.norm_backward_room.emplace_back();
  for (auto* bytes : {&plan.norm_forward_bytes, &plan.norm_backward_bytes, &plan.norm_update_bytes})
    bytes->push_back(0);
  const std::uint64_t update_capacity = sizes.machine.glb.weight_update;
  plan.norm_update_room = {update_capacity / 2, update_capacity / 2};
  if (!layer.normalised()) return;
  const GlbItems forward = forward_norm_items(sizes, layer);
  const GlbItems backward = backward_norm_items(sizes, layer);
  const GlbItems update{{"batch norm", product({layer.cout, 28}), kPingPong}};
  demand(plan.forward, sizes, "forward", layer, forward);
  demand(plan.backward, sizes, "backward", layer, backward);
  demand(plan.weight_update, sizes, "weight_update", layer, update);
  plan.norm_forward_bytes.back() = total_of(forward);
  plan.norm_backward_bytes.back() = total_of(backward);
  plan.norm_update_bytes.back() = total_of(update);
  plan.norm_forward_room.back() = roomy(forward, sizes.machine.glb.forward);
  plan.norm_backward_room.back() = roomy(backward, sizes.machine.glb.backward);
}

}  // namespace h2
