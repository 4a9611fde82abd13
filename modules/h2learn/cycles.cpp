// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/cycles.h"

#include <algorithm>

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

std::uint64_t behind(std::uint64_t own, std::uint64_t array) {
  return own > array ? own - array : 0;
}

/// Potentials of one channel that Soma takes for a tile of the convolution's map. Pooling before
/// Soma completes a pooled potential with its last child, at odd row and odd column.
std::uint64_t soma_positions(const Layer& layer, Region tile) {
  if (layer.pool != PoolMode::before_soma) return tile.area();
  return static_cast<std::uint64_t>(tile.y1 / 2 - tile.y0 / 2) * (tile.x1 / 2 - tile.x0 / 2);
}

/// Cycles that input channels* 0..channels of a layer need for one set of tables. At the end of the
/// layer it is the larger of look-ups and table fill; before, the fill is shared in proportion.
std::uint64_t lookups(const Layer& layer, const WeightUpdateSpec& array, std::uint64_t channels) {
  const std::uint64_t look = ceil_div(layer.taps() * channels, array.parallelism);
  if (!array.lut) return look;
  const std::uint64_t entries = std::uint64_t{1} << array.sub_lut_inputs;
  return std::max(look, ceil_div(entries * channels, layer.cin_star()));
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
    cycles.drain = behind(ceil_div(potentials, array.soma_lanes), cycles.array);
  }
  return cycles;
}

Cycles forward_fc_chunk(const ForwardSpec& array, int ci0, int ci1, int batch, int steps,
                        bool last) {
  const std::uint64_t vectors = static_cast<std::uint64_t>(steps) * batch;
  Cycles cycles;
  cycles.array =
      ceil_div(ci1 - ci0, array.rows * array.sub_luts) * ceil_div(vectors, array.parallelism);
  if (last) cycles.drain = behind(ceil_div(vectors, array.soma_lanes), cycles.array);
  return cycles;
}

Cycles weight_update_conv_chunk(const Layer& layer, const WeightUpdateSpec& array, Region tile,
                                int ci0, int ci1, int batch, int steps, bool first) {
  const std::uint64_t tables = std::uint64_t{1} * ceil_div(steps, array.rows) * batch *
                               ceil_div(tile.area(), array.positions());
  Cycles cycles;
  cycles.array = tables * (lookups(layer, array, ci1) - lookups(layer, array, ci0));
  if (array.lut && first) cycles.fill = std::uint64_t{1} << array.sub_lut_inputs;
  return cycles;
}

Cycles weight_update_fc_chunk(const WeightUpdateSpec& array, int ci0, int ci1, int batch,
                              int steps) {
  Cycles cycles;
  cycles.array = std::uint64_t{1} * ceil_div(steps, array.rows) * ceil_div(batch, array.sub_luts) *
                 (ceil_div(ci1, array.parallelism) - ceil_div(ci0, array.parallelism));
  return cycles;
}

Cycles weight_update_step(const WeightUpdateSpec& array, std::uint64_t weights) {
  Cycles cycles;
  cycles.array = ceil_div(weights, array.cols);
  return cycles;
}

Cycles backward_fc_chunk(const BackwardSpec& array, int co0, int co1, int batch, int steps,
                         bool last) {
  const std::uint64_t vectors = static_cast<std::uint64_t>(steps) * batch;
  Cycles cycles;
  cycles.array = ceil_div(co1 - co0, array.rows) * ceil_div(vectors, array.group);
  if (last) cycles.drain = grad_drain(array, vectors, cycles.array);
  return cycles;
}

std::uint64_t grad_cycles(const BackwardSpec& array, std::uint64_t outputs) {
  return ceil_div(outputs, array.grad_lanes);
}

std::uint64_t grad_drain(const BackwardSpec& array, std::uint64_t outputs,
                         std::uint64_t array_cycles) {
  return behind(grad_cycles(array, outputs), array_cycles);
}

}  // namespace h2
