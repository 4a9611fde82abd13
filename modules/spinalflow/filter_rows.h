// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/spinalflow/spinal_layer.h"

namespace h2 {

/// Weights of a layer as they lie in memory: tile by tile, row by row, a byte per lane; lanes
/// beyond the last channel are 0. `oihw`: cout x channels x kernel_h x kernel_w.
std::vector<std::int8_t> filter_rows(const SpinalLayer& layer, const SpinalUnit& unit,
                                     const std::vector<std::int8_t>& oihw);

/// Offset of a row of a tile in it.
inline std::uint64_t filter_offset(const SpinalLayer& layer, const SpinalUnit& unit, int tile,
                                   int row) {
  return (static_cast<std::uint64_t>(tile) * layer.rows() + row) * unit.lanes;
}

/// A layer's weights as integers: value = weight * scale, |weight| <= 127, rounded to nearest,
/// halves away from 0; all 0: scale 1.
struct Int8Weights {
  std::vector<std::int8_t> values;
  float scale = 1;
};
Int8Weights quantise(const std::vector<float>& values);

}  // namespace h2
