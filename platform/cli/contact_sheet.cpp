// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/contact_sheet.h"

#include <png.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "modules/base/error.h"
#include "modules/base/result_file.h"

namespace h2 {
namespace {

constexpr std::size_t kColumns = 10, kMostRows = 32, kGap = 2;

/// RGB picture, white at first.
struct Picture {
  std::size_t width, height;
  std::vector<std::uint8_t> rgb;
  Picture(std::size_t w, std::size_t h) : width(w), height(h), rgb(w * h * 3, 255) {}
  std::uint8_t* at(std::size_t y, std::size_t x) { return &rgb[(y * width + x) * 3]; }
};

/// Spikes of one pixel and channel over all timesteps, the most as 255.
std::uint8_t brightness(const Dataset& data, const std::uint8_t* sample, std::size_t channel,
                        std::size_t pixel) {
  const auto plane = static_cast<std::size_t>(data.shape.height) * data.shape.width;
  if (data.input_steps == 0) return sample[channel * plane + pixel];
  unsigned spikes = 0;
  const auto steps = static_cast<std::size_t>(data.input_steps);
  for (std::size_t t = 0; t < steps; ++t) {
    spikes += sample[(t * data.shape.channels + channel) * plane + pixel];
  }
  return static_cast<std::uint8_t>(spikes * 255 / steps);
}

void colour(const Dataset& data, const std::uint8_t* sample, std::size_t pixel, std::uint8_t* rgb) {
  const auto value = [&](std::size_t channel) { return brightness(data, sample, channel, pixel); };
  if (data.shape.channels == 2) {
    rgb[0] = value(1);
    rgb[1] = 0;
    rgb[2] = value(0);
    return;
  }
  for (std::size_t c = 0; c < 3; ++c) rgb[c] = value(data.shape.channels >= 3 ? c : 0);
}

void paint(const Dataset& data, std::size_t index, std::size_t y0, std::size_t x0,
           Picture& picture) {
  const std::uint8_t* sample = data.sample(index);
  const auto height = static_cast<std::size_t>(data.shape.height);
  const auto width = static_cast<std::size_t>(data.shape.width);
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      colour(data, sample, y * width + x, picture.at(y0 + y, x0 + x));
}

}  // namespace

void write_contact_sheet(const std::string& path, const Dataset& data) {
  const std::size_t rows = std::min<std::size_t>(kMostRows, static_cast<std::size_t>(data.classes));
  const std::size_t cell_height = static_cast<std::size_t>(data.shape.height) + kGap;
  const std::size_t cell_width = static_cast<std::size_t>(data.shape.width) + kGap;
  Picture picture(kColumns * cell_width + kGap, rows * cell_height + kGap);
  std::vector<std::size_t> shown(rows, 0);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto row = static_cast<std::size_t>(data.label(i));
    if (row >= rows || shown[row] == kColumns) continue;
    paint(data, i, kGap + row * cell_height, kGap + shown[row]++ * cell_width, picture);
  }
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&image, partial_name(path).c_str(), 0, picture.rgb.data(), 0,
                              nullptr) == 0) {
    throw RunError(path + ": cannot be written: " + image.message);
  }
  publish(path);
}

}  // namespace h2
