// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/tensor_image.h"

#include <algorithm>
#include <cstring>

#include "modules/base/bits.h"
#include "modules/base/raw_vector.h"
#include "modules/tensor/value_codec.h"

namespace h2 {
namespace {

constexpr std::size_t kSlack = 16;  ///< values that packing may touch behind the last

/// Room for the packed values of a unit, kept for the next.
std::uint16_t* scratch(std::size_t values) {
  static thread_local RawVector<std::uint16_t> room;
  if (room.size() < values) room.resize(values);
  return room.data();
}

}  // namespace

TensorImage::TensorImage(std::uint64_t base, const h2_map& map)
    : base_(base),
      map_(map),
      blocks_(static_cast<int>(h2_blocks(&map))),
      tiling_(static_cast<int>(map.height), static_cast<int>(map.width),
              {static_cast<int>(map.tile_height), static_cast<int>(map.tile_width)}) {
  const std::uint64_t maps = std::uint64_t{map.steps} * map.samples;
  const std::uint64_t last = map.channels - std::uint64_t{H2_BLOCK} * (blocks_ - 1);
  std::uint64_t elements = 0, bits = 0;
  for (int t = 0; t < tiles(); ++t) {
    Tile tile;
    tile.elements = elements;
    tile.bits = bits;
    for (std::uint32_t p = 0; p < H2_PARTS; ++p) {
      const h2_rect r = h2_part(&map, static_cast<std::uint32_t>(t), p);
      tile.parts[p] = {static_cast<int>(r.y0), static_cast<int>(r.y0 + r.height),
                       static_cast<int>(r.x0), static_cast<int>(r.x0 + r.width)};
      const std::uint64_t positions = maps * r.height * r.width;
      if (positions > 0) tile.present |= 1U << p;
      tile.positions[p + 1] = tile.positions[p] + positions;
      tile.last_bits[p + 1] = tile.last_bits[p] + h2_bits_bytes(positions * last);
    }
    elements += tile.positions[H2_PARTS] * map.channels;
    bits += tile.positions[H2_PARTS] * (blocks_ - 1) * (H2_BLOCK / 8) + tile.last_bits[H2_PARTS];
    layout_.push_back(tile);
  }
}

unsigned TensorImage::parts_touching(int tile, Region region) const {
  const Tile& t = layout_[tile];
  unsigned found = 0;
  for (unsigned p = 0; p < H2_PARTS; ++p) {
    const Region r = t.parts[p];
    if (r.y0 < region.y1 && region.y0 < r.y1 && r.x0 < region.x1 && region.x0 < r.x1) {
      found |= 1U << p;
    }
  }
  return found & t.present;
}

std::uint64_t TensorImage::elements(int unit, PartRange parts) const {
  const Tile& t = tile_of(unit);
  return (t.positions[parts.end] - t.positions[parts.begin]) * channels(unit);
}

std::uint64_t TensorImage::bits_address(int unit, int part) const {
  const Tile& t = tile_of(unit);
  const std::uint64_t before = t.positions[H2_PARTS] * word_of(unit) * (H2_BLOCK / 8);
  const std::uint64_t inside = full(unit) ? t.positions[part] * (H2_BLOCK / 8) : t.last_bits[part];
  return base_ + t.bits + before + inside;
}

std::uint64_t TensorImage::values_address(int unit, int value_bytes, int part) const {
  const Tile& t = tile_of(unit);
  const std::uint64_t before = t.positions[H2_PARTS] * word_of(unit) * H2_BLOCK;
  return base_ + (t.elements + before + t.positions[part] * channels(unit)) * value_bytes;
}

template <class Visit>
void TensorImage::for_each_row(int unit, PartRange parts, Visit visit) const {
  const Tile& tile = tile_of(unit);
  const int steps = static_cast<int>(map_.steps), samples = static_cast<int>(map_.samples);
  for (int p = parts.begin; p < parts.end; ++p) {
    const Region r = tile.parts[p];
    if (r.area() == 0) continue;
    for (int t = 0; t < steps; ++t)
      for (int b = 0; b < samples; ++b)
        for (int y = r.y0; y < r.y1; ++y) visit(b * steps + t, y, r.x0, r.x1 - r.x0);
  }
}

template <class Bits, class Visit>
void TensorImage::for_each_word(int unit, PartRange parts, Bits& bits, Visit visit) const {
  const int word = word_of(unit), stride = bits.words();
  for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
    auto* at = bits.at(map, y, x0) + word;
    for (int x = 0; x < columns; ++x, at += stride) visit(*at);
  });
}

int TensorImage::channels(int unit) const {
  return std::min<int>(H2_BLOCK, static_cast<int>(map_.channels) - word_of(unit) * 16);
}

void TensorImage::decode_bits(int unit, const std::uint8_t* bytes, BitMap& out,
                              PartRange parts) const {
  const int channels = this->channels(unit);
  if (full(unit)) {  // the bits of a position fill a word
    for_each_word(unit, parts, out, [&](std::uint16_t& word) {
      std::memcpy(&word, bytes, 2);
      bytes += 2;
    });
    return;
  }
  for (int p = parts.begin; p < parts.end; ++p) {
    std::uint64_t bit = 0;
    for_each_word(unit, {p, p + 1}, out, [&](std::uint16_t& word) {
      std::uint32_t window = 0;  // the bits start anywhere in a byte: at most 7 + 16 bits
      const std::uint64_t end = bit + channels;
      for (std::uint64_t at = bit / 8; at * 8 < end; ++at) {
        window |= std::uint32_t{bytes[at]} << (8 * (at - bit / 8));
      }
      const std::uint32_t keep = (1U << channels) - 1;
      word = static_cast<std::uint16_t>((window >> (bit % 8)) & keep);
      bit = end;
    });
    bytes += bits_bytes(unit, {p, p + 1});
  }
}

void TensorImage::encode_bits(int unit, const BitMap& in, std::uint8_t* bytes) const {
  const int channels = this->channels(unit);
  if (full(unit)) {
    for_each_word(unit, {}, in, [&](std::uint16_t word) {
      std::memcpy(bytes, &word, 2);
      bytes += 2;
    });
    return;
  }
  std::memset(bytes, 0, bits_bytes(unit));
  for (int p = 0; p < static_cast<int>(H2_PARTS); ++p) {
    std::uint64_t bit = 0;
    for_each_word(unit, {p, p + 1}, in, [&](std::uint16_t word) {
      const std::uint32_t window = std::uint32_t{word} << (bit % 8);
      const std::uint64_t end = bit + channels;
      for (std::uint64_t at = bit / 8; at * 8 < end; ++at) {
        bytes[at] = static_cast<std::uint8_t>(bytes[at] | (window >> (8 * (at - bit / 8))));
      }
      bit = end;
    });
    bytes += bits_bytes(unit, {p, p + 1});
  }
}

void TensorImage::decode_values(int unit, int value_bytes, const std::uint8_t* bytes, ValueMap& out,
                                PartRange parts) const {
  const ValueCodec codec(value_bytes, ops_);
  const int n = channels(unit);
  for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
    codec.load_rows(bytes, out.at(map, y, x0) + word_of(unit) * 16, n, columns, out.channels);
    bytes += columns * n * value_bytes;
  });
}

void TensorImage::encode_values(int unit, int value_bytes, const ValueMap& in,
                                std::uint8_t* bytes) const {
  const ValueCodec codec(value_bytes, ops_);
  const int n = channels(unit);
  for_each_row(unit, {}, [&](int map, int y, int x0, int columns) {
    codec.store_rows(in.at(map, y, x0) + word_of(unit) * 16, bytes, n, columns, in.channels);
    bytes += columns * n * value_bytes;
  });
}

void TensorImage::decode_packed(int unit, int value_bytes, const BitMap& mask,
                                const std::uint8_t* bytes, ValueMap& out, PartRange parts) const {
  const ValueCodec codec(value_bytes, ops_);
  const int word = word_of(unit), n = channels(unit);
  const std::uint64_t values = count(unit, mask, parts);
  if (codec.packs(n)) {
    std::uint16_t* const packed = scratch(values + kSlack);
    if (values > 0) std::memcpy(packed, bytes, 2 * values);
    const std::uint16_t* next = packed;
    for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
      next = ops_.unpack_half(next, mask.at(map, y, x0) + word, mask.words(),
                              out.at(map, y, x0) + word * 16, out.channels, columns);
    });
    return;
  }
  RawVector<float> packed(values);
  codec.load(bytes, packed.data(), packed.size());
  const float* next = packed.data();
  for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
    for (int x = x0; x < x0 + columns; ++x) {
      float* to = out.at(map, y, x) + word * 16;
      std::fill_n(to, n, 0.0F);
      for (unsigned open = mask.at(map, y, x)[word]; open != 0; open &= open - 1) {
        to[__builtin_ctz(open)] = *next++;
      }
    }
  });
}

std::uint64_t TensorImage::encode_packed(int unit, int value_bytes, const BitMap& mask,
                                         const ValueMap& in, std::uint8_t* bytes,
                                         PartRange parts) const {
  const ValueCodec codec(value_bytes, ops_);
  const int word = word_of(unit);
  if (codec.packs(channels(unit))) {
    std::uint16_t* const packed = scratch(elements(unit, parts) + kSlack);
    std::uint16_t* next = packed;
    for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
      next = ops_.pack_half(in.at(map, y, x0) + word * 16, in.channels, mask.at(map, y, x0) + word,
                            mask.words(), columns, next);
    });
    const auto packed_bytes = 2 * static_cast<std::uint64_t>(next - packed);
    if (packed_bytes > 0) std::memcpy(bytes, packed, packed_bytes);
    return packed_bytes;
  }
  RawVector<float> packed(elements(unit, parts));
  float* next = packed.data();
  for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
    for (int x = x0; x < x0 + columns; ++x) {
      const float* from = in.at(map, y, x) + word * 16;
      for (unsigned open = mask.at(map, y, x)[word]; open != 0; open &= open - 1) {
        *next++ = from[__builtin_ctz(open)];
      }
    }
  });
  const auto values = static_cast<std::size_t>(next - packed.data());
  codec.store(packed.data(), bytes, values);
  return values * value_bytes;
}

std::uint64_t TensorImage::count(int unit, const BitMap& mask, PartRange parts) const {
  const int word = word_of(unit), stride = mask.words();
  std::uint64_t sum = 0;
  for_each_row(unit, parts, [&](int map, int y, int x0, int columns) {
    const std::uint16_t* at = mask.at(map, y, x0) + word;
    // Four words at a time: the columns of a tile are few.
    for (int x = 0; x < columns; x += 4) {
      std::uint64_t four = 0;
      for (int i = 0; i < std::min(4, columns - x); ++i, at += stride) {
        four |= std::uint64_t{*at} << (16 * i);
      }
      sum += count_ones64(four);
    }
  });
  return sum;
}

}  // namespace h2
