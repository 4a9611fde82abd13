// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/forward_cycles.h"

#include <algorithm>

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// Potentials of one channel that Soma takes for a tile of the convolution's map. Pooling before
/// Soma completes a pooled potential with its last child, at odd row and odd column.
std::uint64_t soma_positions(const Layer& layer, Region tile) {
  if (layer.pool != PoolMode::before_soma) return tile.area();
  return static_cast<std::uint64_t>(tile.y1 / 2 - tile.y0 / 2) * (tile.x1 / 2 - tile.x0 / 2);
}

}  // namespace

Cycles forward_conv_chunk(const Layer& layer, const ForwardSpec& array, Region tile, int ci0,
                          int ci1, int batch, int steps, bool last, int soma_steps) {
  const std::uint64_t grid = ceil_div(ci1 - ci0, array.rows) * ceil_div(layer.taps(), array.taps());
  Cycles cycles;
  cycles.array = grid * steps * tile.area() * ceil_div(batch, array.parallelism);
  if (array.lut) cycles.fill = grid << array.sub_lut_inputs;
  if (last) {
    const std::uint64_t potentials = soma_positions(layer, tile) * batch *
                                     static_cast<std::uint64_t>(std::max(steps, soma_steps));
    cycles.drain = exposed_cycles(ceil_div(potentials, array.soma_lanes), cycles.array);
  }
  return cycles;
}

Cycles forward_fc_chunk(const ForwardSpec& array, int ci0, int ci1, int batch, int steps,
                        bool last) {
  const std::uint64_t vectors = static_cast<std::uint64_t>(steps) * batch;
  Cycles cycles;
  cycles.array =
      ceil_div(ci1 - ci0, array.rows * array.sub_luts) * ceil_div(vectors, array.parallelism);
  if (last) cycles.drain = exposed_cycles(ceil_div(vectors, array.soma_lanes), cycles.array);
  return cycles;
}

}  // namespace h2
