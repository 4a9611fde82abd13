// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/pooled_tiles.h"

#include <algorithm>

#include "modules/h2learn/jobs/completion_map.h"

namespace h2 {

PooledTiles pooled_tiles(const Layer& layer, TileSpec payload) {
  const Tiling tiles(layer.out_h, layer.out_w, payload);
  PooledTiles result;
  result.kept.assign(static_cast<std::size_t>(tiles.count()), 0);
  result.stored = result.kept;
  if (layer.pool == PoolMode::none) return result;
  const Tiling pooled(layer.next_h, layer.next_w, payload);
  const CompletionMap done(tiles, pooled, pooled_from);
  std::vector<int> completed(static_cast<std::size_t>(pooled.count()));
  for (int t = 0; t < tiles.count(); ++t) {
    for (const int p : done.complete(t)) completed[static_cast<std::size_t>(p)] = t;
  }
  for (int t = 0; t < tiles.count(); ++t) {
    const Region r = tiles.tile(t);
    const Region own{r.y0 / 2, r.y1 / 2, r.x0 / 2, r.x1 / 2};
    int last = t;
    for (const int p : pooled.touching(own)) {
      last = std::max(last, completed[static_cast<std::size_t>(p)]);
    }
    result.kept[static_cast<std::size_t>(t)] = own.area();
    result.stored[static_cast<std::size_t>(last)] += own.area();
  }
  return result;
}

std::uint64_t neuron_bytes(std::uint64_t maps, int area) {
  const std::uint64_t neurons = maps * area;
  return neurons * 2 + 2 * ((neurons + 7) / 8);
}

std::uint64_t pooled_bytes(const Layer& layer, std::uint64_t maps) {
  return layer.pool == PoolMode::before_soma ? neuron_bytes(maps, 1)
                                             : (maps * layer.next_planes + 7) / 8;
}

std::uint64_t largest_forward_results(const Layer& layer, TileSpec payload, std::uint64_t maps) {
  const Tiling tiles(layer.out_h, layer.out_w, payload);
  const PooledTiles pooled = pooled_tiles(layer, payload);
  std::uint64_t largest = 0, kept = 0;
  for (int t = 0; t < tiles.count(); ++t) {
    kept += pooled.kept[static_cast<std::size_t>(t)];
    largest = std::max(largest,
                       neuron_bytes(maps, tiles.tile(t).area()) + kept * pooled_bytes(layer, maps));
    kept -= pooled.stored[static_cast<std::size_t>(t)];
  }
  return largest;
}

}  // namespace h2
