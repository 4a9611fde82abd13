// SPDX-License-Identifier: Apache-2.0
#include "modules/network/tiling.h"

#include <algorithm>
#include <cstdint>

#include "modules/contract/h2_layout.h"

namespace h2 {
namespace {

std::vector<int> borders(int length, int payload) {
  std::vector<int> at;
  const auto parts = h2_tile_parts(length, payload);
  for (std::uint32_t i = 0; i <= parts; ++i) {
    at.push_back(static_cast<int>(h2_tile_border(length, payload, i)));
  }
  return at;
}

}  // namespace

Tiling::Tiling(int height, int width, TileSpec payload)
    : y_(borders(height, payload.height)), x_(borders(width, payload.width)) {}

int Tiling::band(const std::vector<int>& borders, int at) {
  return static_cast<int>(std::upper_bound(borders.begin(), borders.end(), at) - borders.begin()) -
         1;
}

Region Tiling::tile(int index) const {
  const int r = index / cols();
  const int c = index % cols();
  return {y_[r], y_[r + 1], x_[c], x_[c + 1]};
}

std::vector<int> Tiling::touching(Region region) const {
  std::vector<int> found;
  for (int i = 0; i < count(); ++i) {
    const Region t = tile(i);
    if (t.y0 < region.y1 && region.y0 < t.y1 && t.x0 < region.x1 && region.x0 < t.x1) {
      found.push_back(i);
    }
  }
  return found;
}

}  // namespace h2
