// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/weight_update/weight_update_cycles.h"

#include <algorithm>

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// Cycles that input channels* 0..channels of a layer need for one set of tables. At the end of the
/// layer it is the larger of look-ups and table fill; before, the fill is shared in proportion.
std::uint64_t lookups(const Layer& layer, const WeightUpdateSpec& array, std::uint64_t channels) {
  const std::uint64_t look = ceil_div(layer.taps() * channels, array.parallelism);
  if (!array.lut) return look;
  const std::uint64_t entries = std::uint64_t{1} << array.sub_lut_inputs;
  return std::max(look, ceil_div(entries * channels, layer.cin_star()));
}

}  // namespace

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

}  // namespace h2
