// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// Pixels 0..255, rows from the top, the channels of a pixel side by side.
struct Picture {
  int width = 0, height = 0, channels = 3;
  std::vector<std::uint8_t> pixels;

  std::uint8_t* at(int y, int x) {
    return &pixels[(static_cast<std::size_t>(y) * width + x) * channels];
  }
  const std::uint8_t* at(int y, int x) const {
    return &pixels[(static_cast<std::size_t>(y) * width + x) * channels];
  }
};

/// A PNG or JPEG file, told by its first bytes, as grey (1 channel) or RGB (3). Transparent pixels
/// are laid on black. Throws InputError naming the file.
Picture read_picture(const std::string& path, int channels);

/// Scaled to `width` x `height` by a triangle filter that covers every pixel (as Pillow's
/// BILINEAR): integers alone, so every machine gives the same pixels.
Picture scale(const Picture& picture, int width, int height);

/// The shorter side scaled to `side` pixels, then the middle of `width` x `height`; `side` is at
/// least the larger of them.
Picture scale_and_crop(const Picture& picture, int side, int width, int height);

}  // namespace h2
