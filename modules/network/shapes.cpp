// SPDX-License-Identifier: Apache-2.0
#include "modules/network/network.h"

namespace h2 {

void derive_shapes(Layer& layer) {
  layer.pad = layer.valid ? 0 : layer.kernel / 2;
  layer.out_h = (layer.in_h + 2 * layer.pad - layer.kernel) / layer.stride + 1;
  layer.out_w = (layer.in_w + 2 * layer.pad - layer.kernel) / layer.stride + 1;
  const int shrink = layer.pool == PoolMode::none ? 1 : 2;
  layer.next_h = layer.out_h / shrink;
  layer.next_w = layer.out_w / shrink;
  const bool pool_first = layer.pool == PoolMode::before_soma;
  layer.soma_h = pool_first ? layer.next_h : layer.out_h;
  layer.soma_w = pool_first ? layer.next_w : layer.out_w;
  layer.next_planes = layer.pool == PoolMode::after_soma && !layer.max_pool ? 3 : 1;
}

std::string add_shortcut(std::vector<Layer>& layers, int index, int from, bool potentials) {
  if (from < 0 || from >= index) return "is no layer below";
  Layer& l = layers[static_cast<std::size_t>(index)];
  Layer& below = layers[static_cast<std::size_t>(from)];
  if (below.pool == PoolMode::after_soma) return "hands on pooled spikes";
  if (below.cout != l.cout || below.soma_h != l.soma_h || below.soma_w != l.soma_w) {
    return "has another shape";
  }
  l.adds = from;
  l.adds_potentials = potentials;
  (potentials ? below.potentials_added_by : below.added_by).push_back(index);
  return "";
}

}  // namespace h2
