// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace h2 {

/// Position in the digit's box: x to the right, y downwards, both about 0..1.
struct Point {
  double x = 0.0, y = 0.0;
};

/// One movement of the pen: a smooth curve through its points, or straight lines between them.
struct Stroke {
  bool curved = true;
  std::vector<Point> points;
};

/// One way of writing a digit.
using Glyph = std::vector<Stroke>;

/// The writing variants of `digit`, 0..9.
const std::vector<Glyph>& digit_glyphs(int digit);

}  // namespace h2
