// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/network/network.h"
#include "modules/network/tiling.h"

namespace h2 {

/// Which outputs of a Backward Engine tile each position of grad-u feeds: output (y, x) takes
/// grad-u (oy, ox) through tap (ky, kx) where oy*stride + ky - pad = y, and x alike. The zeros that
/// a stride inserts between the positions of grad-u do not exist here.
class BackwardWindow {
 public:
  BackwardWindow() = default;
  /// `padding`: positions outside grad-u's map belong to the region (dense baseline).
  BackwardWindow(const Layer& above, Region tile, bool padding);

  Region tile() const { return tile_; }
  /// The positions of grad-u that reach the tile, numbered row-major from 0.
  Region grads() const { return grads_; }
  /// Outputs of the tile, numbered row-major from 0, that grad-u position `i` feeds.
  const std::vector<int>& outputs(int i) const { return outputs_[i]; }

 private:
  Region tile_, grads_;
  std::vector<std::vector<int>> outputs_;
};

/// True for the same rectangle.
inline bool same(Region a, Region b) {
  return a.y0 == b.y0 && a.y1 == b.y1 && a.x0 == b.x0 && a.x1 == b.x1;
}

}  // namespace h2
