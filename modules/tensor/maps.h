// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modules/base/ceil_div.h"
#include "modules/base/raw_vector.h"

namespace h2 {

/// Spikes, masks or bit planes of one sub-batch in the kernels' order [map][y][x][word]:
/// map = sample*timesteps + t (map = sample for a static input), bit c%16 of word c/16 is channel
/// c. Bits of channels beyond the last are 0.
struct BitMap {
  BitMap() = default;
  BitMap(int maps, int height, int width, int channels)
      : maps(maps),
        height(height),
        width(width),
        channels(channels),
        bits(static_cast<std::size_t>(maps) * height * width * words(), 0) {}

  int maps = 0, height = 0, width = 0, channels = 0;
  std::vector<std::uint16_t> bits;

  int words() const { return ceil_div(channels, 16); }
  std::uint16_t* at(int map, int y, int x) { return &bits[offset(map, y, x)]; }
  const std::uint16_t* at(int map, int y, int x) const { return &bits[offset(map, y, x)]; }
  bool get(int map, int y, int x, int c) const { return (at(map, y, x)[c / 16] >> (c % 16)) & 1; }
  void set(int map, int y, int x, int c, bool value) {
    std::uint16_t& word = at(map, y, x)[c / 16];
    word = static_cast<std::uint16_t>((word & ~(1U << (c % 16))) | (unsigned{value} << (c % 16)));
  }

 private:
  std::size_t offset(int map, int y, int x) const {
    return ((static_cast<std::size_t>(map) * height + y) * width + x) * words();
  }
};

/// Potentials or gradients in the kernels' order [map][y][x][channel]. Always float; under fp16
/// numerics every value is exactly representable in FP16.
struct ValueMap {
  ValueMap() = default;
  ValueMap(int maps, int height, int width, int channels)
      : maps(maps),
        height(height),
        width(width),
        channels(channels),
        values(static_cast<std::size_t>(maps) * height * width * channels, 0.0F) {}
  /// For values that are all written before they are read: as memory happens to be.
  static ValueMap raw(int maps, int height, int width, int channels) {
    ValueMap map;
    map.maps = maps;
    map.height = height;
    map.width = width;
    map.channels = channels;
    map.values.resize(static_cast<std::size_t>(maps) * height * width * channels);
    return map;
  }

  int maps = 0, height = 0, width = 0, channels = 0;
  RawVector<float> values;

  float* at(int map, int y, int x) { return &values[offset(map, y, x)]; }
  const float* at(int map, int y, int x) const { return &values[offset(map, y, x)]; }

 private:
  std::size_t offset(int map, int y, int x) const {
    return ((static_cast<std::size_t>(map) * height + y) * width + x) * channels;
  }
};

}  // namespace h2
