// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/messages.h"

#include <algorithm>
#include <cstring>

#include "modules/base/ceil_div.h"
#include "modules/tensor/value_codec.h"

namespace h2 {
namespace {

constexpr int kBlock = 16;

}  // namespace

int SpikeMessage::words(int c0, int c1) const {
  return ceil_div((c1 - c0) * layer_.next_planes, kBlock);
}

std::uint64_t SpikeMessage::offset(int channel) const {
  return std::uint64_t{2} * words(0, channel) * layer_.next_h * layer_.next_w * steps_;
}

void SpikeMessage::encode(const BitMap& bits, int map0, int c0, int c1, std::uint8_t* bytes) const {
  for (int c = c0; c < c1; c += kBlock) {
    const int first = words(0, c), count = words(c, std::min(c + kBlock, c1));
    for (int t = 0; t < steps_; ++t)
      for (int y = 0; y < bits.height; ++y)
        for (int x = 0; x < bits.width; ++x, bytes += 2 * count) {
          std::memcpy(bytes, bits.at(map0 + t, y, x) + first, 2 * count);
        }
  }
}

void SpikeMessage::decode(const std::uint8_t* bytes, BitMap& bits) const {
  for (int c = 0; c < layer_.cout; c += kBlock) {
    const int first = words(0, c), count = words(c, std::min(c + kBlock, layer_.cout));
    for (int t = 0; t < steps_; ++t)
      for (int y = 0; y < bits.height; ++y)
        for (int x = 0; x < bits.width; ++x, bytes += 2 * count) {
          std::memcpy(bits.at(t, y, x) + first, bytes, 2 * count);
        }
  }
}

std::uint64_t GradientMessage::offset(int channel) const {
  return static_cast<std::uint64_t>(value_bytes_) * channel * layer_.soma_h * layer_.soma_w *
         steps_;
}

void GradientMessage::encode(const ValueMap& values, int c0, int c1, std::uint8_t* bytes) const {
  const ValueCodec codec(value_bytes_);
  const std::size_t columns = values.width, stride = values.channels;
  for (int c = c0; c < c1; c += kBlock) {
    const std::size_t n = std::min(kBlock, c1 - c);
    for (int t = 0; t < steps_; ++t)
      for (int y = 0; y < values.height; ++y, bytes += n * columns * value_bytes_) {
        codec.store_rows(values.at(t, y, 0) + c, bytes, n, columns, stride);
      }
  }
}

void GradientMessage::decode(const std::uint8_t* bytes, ValueMap& values) const {
  const ValueCodec codec(value_bytes_);
  const std::size_t columns = values.width, stride = values.channels;
  for (int c = 0; c < layer_.cout; c += kBlock) {
    const std::size_t n = std::min(kBlock, layer_.cout - c);
    for (int t = 0; t < steps_; ++t)
      for (int y = 0; y < values.height; ++y, bytes += n * columns * value_bytes_) {
        codec.load_rows(bytes, values.at(t, y, 0) + c, n, columns, stride);
      }
  }
}

void flatten(const BitMap& from, int planes, BitMap& to) {
  std::fill(to.bits.begin(), to.bits.end(), std::uint16_t{0});
  const int positions = from.height * from.width;
  for (int map = 0; map < from.maps; ++map)
    for (int y = 0; y < from.height; ++y)
      for (int x = 0; x < from.width; ++x) {
        const int position = y * from.width + x;
        for (int word = 0; word < from.words(); ++word) {
          for (unsigned ones = from.at(map, y, x)[word]; ones != 0; ones &= ones - 1) {
            const int star = word * kBlock + __builtin_ctz(ones);
            to.set(map, 0, 0, (star / planes * positions + position) * planes + star % planes,
                   true);
          }
        }
      }
}

}  // namespace h2
