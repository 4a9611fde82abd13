// SPDX-License-Identifier: Apache-2.0
#include "platform/data/picture.h"

#include <algorithm>
#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include <array>
#include <cstring>

#include "modules/base/error.h"
#include "modules/base/file.h"

namespace h2 {
namespace {

constexpr int kMostSide = 65500;
constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 28U;

void require_size(const std::string& path, std::uint64_t width, std::uint64_t height) {
  if (width >= 1 && height >= 1 && width <= kMostSide && height <= kMostSide &&
      width * height <= kMostPixels) {
    return;
  }
  throw InputError(path + ": " + std::to_string(width) + "x" + std::to_string(height) +
                   " pixels; legal: 1 to 65500 a side, 2^28 in all");
}

Picture empty_picture(int width, int height, int channels) {
  Picture picture{width, height, channels, {}};
  picture.pixels.resize(static_cast<std::size_t>(width) * height * channels);
  return picture;
}

Picture read_png(const std::string& path, const std::vector<std::uint8_t>& bytes, int channels) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) {
    throw InputError(path + ": is no sound PNG: " + image.message);
  }
  image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  try {
    require_size(path, image.width, image.height);
  } catch (const InputError&) {
    png_image_free(&image);
    throw;
  }
  Picture picture =
      empty_picture(static_cast<int>(image.width), static_cast<int>(image.height), channels);
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&image, &black, picture.pixels.data(), 0, nullptr) == 0) {
    throw InputError(path + ": is no sound PNG: " + image.message);
  }
  return picture;
}

/// libjpeg calls these where it would print or end the program; exceptions pass through its frames,
/// which have unwind tables.
[[noreturn]] void throw_jpeg_error(j_common_ptr info) {
  std::array<char, JMSG_LENGTH_MAX> text{};
  info->err->format_message(info, text.data());
  throw InputError(text.data());
}
/// Warnings are damage that the library would paint over, but for bytes that nobody reads.
void refuse_jpeg_warning(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA) throw_jpeg_error(info);
}

/// Inks as Adobe's programs write them: 255 is none. Some files of ImageNet are such.
void paint_inks(const std::vector<std::uint8_t>& inks, int channels, std::uint8_t* pixels) {
  for (std::size_t at = 0; at < inks.size(); at += 4) {
    std::array<unsigned, 3> rgb{};
    for (std::size_t c = 0; c < 3; ++c) rgb[c] = inks[at + c] * unsigned{inks[at + 3]} / 255;
    if (channels == 1) {
      *pixels++ = static_cast<std::uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000);
    } else {
      for (const unsigned value : rgb) *pixels++ = static_cast<std::uint8_t>(value);
    }
  }
}

void decode_jpeg(jpeg_decompress_struct& info, const std::string& path,
                 const std::vector<std::uint8_t>& bytes, Picture& picture) {
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_read_header(&info, TRUE);
  require_size(path, info.image_width, info.image_height);
  const bool four_inks = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = four_inks ? JCS_CMYK : picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  picture = empty_picture(static_cast<int>(info.output_width), static_cast<int>(info.output_height),
                          picture.channels);
  std::vector<std::uint8_t> inks(four_inks ? std::size_t{info.output_width} * 4 : 0);
  while (info.output_scanline < info.output_height) {
    std::uint8_t* pixels = picture.at(static_cast<int>(info.output_scanline), 0);
    JSAMPROW row = four_inks ? inks.data() : pixels;
    jpeg_read_scanlines(&info, &row, 1);
    if (four_inks) paint_inks(inks, picture.channels, pixels);
  }
  jpeg_finish_decompress(&info);
}

Picture read_jpeg(const std::string& path, const std::vector<std::uint8_t>& bytes, int channels) {
  jpeg_decompress_struct info;
  std::memset(&info, 0, sizeof info);
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  errors.error_exit = throw_jpeg_error;
  errors.emit_message = refuse_jpeg_warning;
  jpeg_create_decompress(&info);
  Picture picture;
  picture.channels = channels;
  try {
    decode_jpeg(info, path, bytes, picture);
  } catch (const InputError& error) {
    jpeg_destroy_decompress(&info);
    const std::string text = error.what();
    throw InputError(text.rfind(path, 0) == 0 ? text : path + ": is no sound JPEG: " + text);
  }
  jpeg_destroy_decompress(&info);
  return picture;
}

constexpr int kUnitBits = 22;  // of a weight in fixed point

/// Weights of the input pixels that one output pixel is made of.
struct Taps {
  int first = 0;
  std::vector<std::int64_t> weights;  ///< their sum is 2^22, up to rounding
};

/// Triangles as wide as the coarser of both grids, around the middles of the output pixels.
std::vector<Taps> triangle_taps(int from, int to) {
  std::vector<Taps> taps(static_cast<std::size_t>(to));
  const double ratio = static_cast<double>(from) / to;
  const double reach = std::max(1.0, ratio);
  for (int i = 0; i < to; ++i) {
    const double middle = (i + 0.5) * ratio;
    const int first = std::max(0, static_cast<int>(middle - reach + 0.5));
    const int end = std::min(from, static_cast<int>(middle + reach + 0.5));
    std::vector<double> shares;
    double sum = 0;
    for (int k = first; k < end; ++k) {
      const double distance = (k + 0.5 - middle) / reach;
      shares.push_back(std::max(0.0, 1.0 - (distance < 0 ? -distance : distance)));
      sum += shares.back();
    }
    Taps& t = taps[static_cast<std::size_t>(i)];
    t.first = first;
    for (const double share : shares) {
      t.weights.push_back(static_cast<std::int64_t>(share / sum * (1 << kUnitBits) + 0.5));
    }
  }
  return taps;
}

std::uint8_t rounded(std::int64_t sum) {
  const std::int64_t value = (sum + (std::int64_t{1} << (kUnitBits - 1))) >> kUnitBits;
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(value, 0, 255));
}

Picture scale_columns(const Picture& picture, int width) {
  const std::vector<Taps> taps = triangle_taps(picture.width, width);
  Picture out = empty_picture(width, picture.height, picture.channels);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Taps& t = taps[static_cast<std::size_t>(x)];
      for (int c = 0; c < picture.channels; ++c) {
        std::int64_t sum = 0;
        for (std::size_t k = 0; k < t.weights.size(); ++k) {
          sum += t.weights[k] * picture.at(y, t.first + static_cast<int>(k))[c];
        }
        out.at(y, x)[c] = rounded(sum);
      }
    }
  }
  return out;
}

Picture scale_rows(const Picture& picture, int height) {
  const std::vector<Taps> taps = triangle_taps(picture.height, height);
  Picture out = empty_picture(picture.width, height, picture.channels);
  const int row = picture.width * picture.channels;
  for (int y = 0; y < height; ++y) {
    const Taps& t = taps[static_cast<std::size_t>(y)];
    for (int x = 0; x < row; ++x) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < t.weights.size(); ++k) {
        sum += t.weights[k] * picture.at(t.first + static_cast<int>(k), 0)[x];
      }
      out.at(y, 0)[x] = rounded(sum);
    }
  }
  return out;
}

}  // namespace

Picture read_picture(const std::string& path, int channels) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  if (bytes.size() > 8 && std::memcmp(bytes.data(), "\x89PNG", 4) == 0) {
    return read_png(path, bytes, channels);
  }
  if (bytes.size() > 3 && bytes[0] == 0xFF && bytes[1] == 0xD8) {
    return read_jpeg(path, bytes, channels);
  }
  throw InputError(path + ": is neither PNG nor JPEG");
}

Picture scale(const Picture& picture, int width, int height) {
  Picture out = picture;
  if (width != picture.width) out = scale_columns(out, width);
  if (height != picture.height) out = scale_rows(out, height);
  return out;
}

Picture scale_and_crop(const Picture& picture, int side, int width, int height) {
  const std::int64_t shorter = std::min(picture.width, picture.height);
  const auto longer = [&](int size) {
    return std::max(side, static_cast<int>(std::int64_t{size} * side / shorter));
  };
  const Picture scaled = scale(picture, longer(picture.width), longer(picture.height));
  Picture out = empty_picture(width, height, picture.channels);
  const int x0 = (scaled.width - width) / 2, y0 = (scaled.height - height) / 2;
  const auto row = static_cast<std::size_t>(width) * picture.channels;
  for (int y = 0; y < height; ++y) std::copy_n(scaled.at(y0 + y, x0), row, out.at(y, 0));
  return out;
}

}  // namespace h2
