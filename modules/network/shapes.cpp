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

}  // namespace h2
