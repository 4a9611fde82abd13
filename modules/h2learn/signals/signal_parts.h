// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "modules/arithmetic/fp16.h"
#include "modules/h2learn/signals/signals.h"
#include "modules/network/tiling.h"

// What the signals of the three arrays share.

namespace h2 {

inline float add_fp16(float a, float b) { return round_fp16(a + b); }

/// Pairwise, level by level; an odd value passes on.
inline float tree_fp16(std::vector<float> values) {
  while (values.size() > 1) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < values.size(); i += 2, ++n) {
      values[n] = i + 1 < values.size() ? add_fp16(values[i], values[i + 1]) : values[i];
    }
    values.resize(n);
  }
  return values.front();
}

inline Signal make_signal(std::string name, Signal::Type type, std::vector<std::size_t> shape) {
  Signal signal{std::move(name), type, std::move(shape), {}};
  std::size_t count = 1;
  for (const std::size_t n : signal.shape) count *= n;
  signal.values.reserve(count);
  return signal;
}

/// Entries of one sub-LUT: sums of the set bits' terms, ascending.
inline void append_entries(const std::vector<float>& terms, int inputs, std::vector<float>& out) {
  for (unsigned entry = 0; entry < 1U << inputs; ++entry) {
    float sum = 0.0F;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if ((entry >> i & 1U) != 0) sum = add_fp16(sum, terms[i]);
    }
    out.push_back(sum);
  }
}

struct Place {
  int tile, y, x;
};

/// The positions of the chosen tiles, tile by tile, row-major; and their signal [position][3].
inline std::vector<Place> places(const Tiling& tiling, const std::vector<int>& tiles) {
  std::vector<Place> all;
  for (const int tile : tiles) {
    const Region r = tiling.tile(tile);
    for (int y = r.y0; y < r.y1; ++y)
      for (int x = r.x0; x < r.x1; ++x) all.push_back({tile, y, x});
  }
  return all;
}
inline Signal place_signal(std::string name, const std::vector<Place>& places) {
  Signal signal = make_signal(std::move(name), Signal::Type::index, {places.size(), 3});
  for (const Place& p : places) {
    for (const int n : {p.tile, p.y, p.x}) signal.values.push_back(static_cast<float>(n));
  }
  return signal;
}

inline bool inside(int y, int x, int height, int width) {
  return y >= 0 && y < height && x >= 0 && x < width;
}

}  // namespace h2
