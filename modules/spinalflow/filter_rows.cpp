// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/filter_rows.h"

#include <algorithm>
#include <cmath>

namespace h2 {

std::vector<std::int8_t> filter_rows(const SpinalLayer& layer, const SpinalUnit& unit,
                                     const std::vector<std::int8_t>& oihw) {
  const int channels = layer.input.channels, taps = layer.kernel_h * layer.kernel_w;
  std::vector<std::int8_t> rows(filter_offset(layer, unit, layer.tiles(unit), 0), 0);
  for (int o = 0; o < layer.cout; ++o) {
    const int tile = o / unit.lanes, lane = o % unit.lanes;
    for (int c = 0; c < channels; ++c) {
      for (int tap = 0; tap < taps; ++tap) {
        const std::size_t from = (static_cast<std::size_t>(o) * channels + c) * taps + tap;
        rows[filter_offset(layer, unit, tile, tap * channels + c) + lane] = oihw[from];
      }
    }
  }
  return rows;
}

Int8Weights quantise(const std::vector<float>& values) {
  float most = 0;
  for (const float value : values) most = std::max(most, std::fabs(value));
  Int8Weights weights;
  if (most > 0) weights.scale = most / 127;
  weights.values.reserve(values.size());
  for (const float value : values) {
    weights.values.push_back(static_cast<std::int8_t>(std::lround(value / weights.scale)));
  }
  return weights;
}

}  // namespace h2
