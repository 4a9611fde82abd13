// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_window.h"

#include <algorithm>

namespace h2 {
namespace {

// Half-open range of grad-u positions along one axis.
struct Range {
  int begin, end;
};

/// Positions o with o*stride + tap - pad inside [begin, end) for a tap in [0, kernel).
Range reach(const Layer& above, int begin, int end, int length, bool padding) {
  // Shifted by `kernel` strides so that both divisions take non-negative numbers.
  const int shift = above.kernel;
  const int lowest = begin + above.pad - (above.kernel - 1) + shift * above.stride;
  const int highest = end - 1 + above.pad;
  Range range{(lowest + above.stride - 1) / above.stride - shift, highest / above.stride + 1};
  if (!padding) range = {std::max(range.begin, 0), std::min(range.end, length)};
  return {range.begin, std::max(range.begin, range.end)};
}

}  // namespace

BackwardWindow::BackwardWindow(const Layer& above, Region tile, bool padding) : tile_(tile) {
  const Range rows = reach(above, tile.y0, tile.y1, above.out_h, padding);
  const Range cols = reach(above, tile.x0, tile.x1, above.out_w, padding);
  grads_ = {rows.begin, rows.end, cols.begin, cols.end};
  outputs_.resize(grads_.area());
  for (int i = 0; i < grads_.area(); ++i) {
    const int top = (grads_.y0 + i / grads_.width()) * above.stride - above.pad;
    const int left = (grads_.x0 + i % grads_.width()) * above.stride - above.pad;
    for (int y = std::max(top, tile.y0); y < std::min(top + above.kernel, tile.y1); ++y) {
      for (int x = std::max(left, tile.x0); x < std::min(left + above.kernel, tile.x1); ++x) {
        outputs_[i].push_back((y - tile.y0) * tile.width() + x - tile.x0);
      }
    }
  }
}

}  // namespace h2
