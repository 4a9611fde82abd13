// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "modules/h2learn/forward/pooled_tiles.h"
#include "modules/h2learn/glb_sizes.h"

namespace h2 {
namespace {

constexpr int kForwardTiles = 2;  // two halves of a map: 8 tiles in flight with 4 samples

GlbItems forward_items(const GlbSizes& sizes, const Layer& layer, int tiles, bool resident) {
  const ForwardSpec& array = sizes.machine.forward;
  const bool fc = layer.kind == LayerKind::fc;
  const int inputs = std::min(layer.cin_star(), fc ? forward_fc_step(sizes.machine) : array.rows);
  const int outputs = std::min(layer.cout, array.cols);
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t neurons = product({outputs, tile.area(), sizes.maps(), tiles});
  const std::uint64_t spikes =
      product({resident ? layer.cin_star() : covering(inputs, sizes.stored, layer.cin_star()),
               input_area(layer, tile), sizes.input_maps(layer), tiles});
  // Chunks that divide the planes of a stored block share it.
  const bool shared = kWeightBlockInputs * layer.planes % inputs == 0;
  const int weight_inputs =
      shared ? std::min(layer.cin, std::max(kWeightBlockInputs, inputs / layer.planes))
             : covering((inputs + layer.planes - 1) / layer.planes, kWeightBlockInputs, layer.cin);
  const int weight_outputs = covering(outputs, kChannelGranularity, layer.cout);
  GlbItems items{
      {"input spikes", bit_bytes(spikes) + sizes.padding(layer), resident ? 1 : kPingPong},
      {"partial sums and u", value_bytes(neurons), kPingPong, true},
      {"spikes", bit_bytes(neurons), kPingPong, true},
      {"mask", bit_bytes(neurons), kPingPong, true},
      {"weights", value_bytes(product({weight_inputs, weight_outputs, layer.taps()})),
       fc ? kPingPong : 1}};
  if (layer.adds >= 0) {  // whole blocks of stored channels
    const int read = covering(outputs, kChannelGranularity, layer.cout);
    const std::uint64_t added = product({read, tile.area(), sizes.maps(), tiles});
    if (layer.adds_potentials) {
      items.push_back({"added potentials", value_bytes(added), kPingPong});
    } else {
      items.push_back(
          {"added spikes", bit_bytes(added) + static_cast<std::uint64_t>(sizes.parts), kPingPong});
    }
  }
  return items;
}

/// What is pooled waits for the tiles beside and below: on a wide map more than two halves hold.
void add_pooled_results(const GlbSizes& sizes, const Layer& layer, GlbItems& items) {
  const int outputs = std::min(layer.cout, sizes.machine.forward.cols);
  const std::uint64_t needed = largest_forward_results(
      layer, sizes.machine.tile, static_cast<std::uint64_t>(outputs) * sizes.maps());
  std::uint64_t made = 0;
  for (const GlbItem& item : items) made += item.made ? item.bytes * item.halves : 0;
  if (needed > made) items.push_back({"pooled results", needed - made, 1, true});
}

/// The most spatial tiles per half that fit, at least 1.
int forward_tiles(const GlbSizes& sizes, const Layer& layer) {
  const int count = Tiling(layer.out_h, layer.out_w, sizes.machine.tile).count();
  int tiles = std::min(kForwardTiles, count);
  while (tiles > 1 &&
         total_of(forward_items(sizes, layer, tiles, false)) > sizes.machine.glb.forward) {
    --tiles;
  }
  return tiles;
}

}  // namespace

void plan_forward(const GlbSizes& sizes, const Layer& layer, GlbPlan& plan) {
  const std::uint64_t capacity = sizes.machine.glb.forward;
  const int tiles = forward_tiles(sizes, layer);
  const bool resident =
      layer.kind == LayerKind::fc && total_of(forward_items(sizes, layer, tiles, true)) <= capacity;
  GlbItems items = forward_items(sizes, layer, tiles, resident);
  add_pooled_results(sizes, layer, items);
  plan.forward_tiles.push_back(tiles);
  plan.forward_resident.push_back(resident);
  plan.forward_room.push_back(room_of(items, capacity));
  plan.forward_bytes.push_back(total_of(items));
  demand(plan.forward, sizes, "forward", layer, std::move(items));
}

}  // namespace h2
