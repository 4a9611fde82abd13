// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/network/tile_spec.h"

namespace h2 {

/// Half-open rectangle of map positions.
struct Region {
  int y0 = 0, y1 = 0, x0 = 0, x1 = 0;

  int height() const { return y1 - y0; }
  int width() const { return x1 - x0; }
  int area() const { return height() * width(); }
};

/// Strip `index` of `count` of the rows of a region, in order; some are empty if count > height.
inline Region strip(Region r, int index, int count) {
  return {r.y0 + r.height() * index / count, r.y0 + r.height() * (index + 1) / count, r.x0, r.x1};
}

/// Even split of a map into tiles no larger than the tile payload (14 -> 7+7), row-major; where
/// the split is not exact the first tiles are one larger.
class Tiling {
 public:
  Tiling(int height, int width, TileSpec payload);

  int count() const { return rows() * cols(); }
  int rows() const { return static_cast<int>(y_.size()) - 1; }
  int cols() const { return static_cast<int>(x_.size()) - 1; }
  Region tile(int index) const;
  /// Row and column of the tile that holds a position.
  int row_of(int y) const { return band(y_, y); }
  int col_of(int x) const { return band(x_, x); }
  /// Indices, ascending, of the tiles that share a position with `region` (clipped to the map).
  std::vector<int> touching(Region region) const;

 private:
  static int band(const std::vector<int>& borders, int at);

  std::vector<int> y_, x_;  // borders, size rows+1 and cols+1
};

}  // namespace h2
