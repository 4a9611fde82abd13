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
  bits_.push_back(0);
  elements_.push_back(0);
  for (int t = 0; t < tiles(); ++t) {
    for (int b = 0; b < blocks_; ++b) {
      const std::uint64_t n = h2_chunk_elements(&map, t, b);
      bits_.push_back(bits_.back() + h2_bits_bytes(n));
      elements_.push_back(elements_.back() + n);
    }
  }
}

template <class Visit>
void TensorImage::for_each_row(int unit, Visit visit) const {
  const Region r = tiling_.tile(unit / blocks_);
  const int steps = static_cast<int>(map_.steps), samples = static_cast<int>(map_.samples);
  for (int t = 0; t < steps; ++t)
    for (int b = 0; b < samples; ++b)
      for (int y = r.y0; y < r.y1; ++y) visit(b * steps + t, y, r.x0, r.x1 - r.x0);
}

template <class Bits, class Visit>
void TensorImage::for_each_word(int unit, Bits& bits, Visit visit) const {
  const int word = word_of(unit), stride = bits.words();
  for_each_row(unit, [&](int map, int y, int x0, int columns) {
    auto* at = bits.at(map, y, x0) + word;
    for (int x = 0; x < columns; ++x, at += stride) visit(*at);
  });
}

int TensorImage::channels(int unit) const {
  return std::min<int>(H2_BLOCK, static_cast<int>(map_.channels) - word_of(unit) * 16);
}

void TensorImage::decode_bits(int unit, const std::uint8_t* bytes, BitMap& out) const {
  const int channels = this->channels(unit);
  if (channels == H2_BLOCK) {  // the bits of a position fill a word
    for_each_word(unit, out, [&](std::uint16_t& word) {
      std::memcpy(&word, bytes, 2);
      bytes += 2;
    });
    return;
  }
  std::uint64_t bit = 0;
  for_each_word(unit, out, [&](std::uint16_t& word) {
    std::uint32_t window = 0;  // the bits start anywhere in a byte: at most 7 + 16 bits
    const std::uint64_t end = bit + channels;
    for (std::uint64_t at = bit / 8; at * 8 < end; ++at) {
      window |= std::uint32_t{bytes[at]} << (8 * (at - bit / 8));
    }
    const std::uint32_t keep = (1U << channels) - 1;
    word = static_cast<std::uint16_t>((window >> (bit % 8)) & keep);
    bit = end;
  });
}

void TensorImage::encode_bits(int unit, const BitMap& in, std::uint8_t* bytes) const {
  const int channels = this->channels(unit);
  if (channels == H2_BLOCK) {
    for_each_word(unit, in, [&](std::uint16_t word) {
      std::memcpy(bytes, &word, 2);
      bytes += 2;
    });
    std::memset(bytes, 0, bits_bytes(unit) - elements(unit) / 8);
    return;
  }
  std::memset(bytes, 0, bits_bytes(unit));
  std::uint64_t bit = 0;
  for_each_word(unit, in, [&](std::uint16_t word) {
    const std::uint32_t window = std::uint32_t{word} << (bit % 8);
    const std::uint64_t end = bit + channels;
    for (std::uint64_t at = bit / 8; at * 8 < end; ++at) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] | (window >> (8 * (at - bit / 8))));
    }
    bit = end;
  });
}

void TensorImage::decode_values(int unit, int value_bytes, const std::uint8_t* bytes,
                                ValueMap& out) const {
  const ValueCodec codec(value_bytes, ops_);
  const int n = channels(unit);
  for_each_row(unit, [&](int map, int y, int x0, int columns) {
    codec.load_rows(bytes, out.at(map, y, x0) + word_of(unit) * 16, n, columns, out.channels);
    bytes += columns * n * value_bytes;
  });
}

void TensorImage::encode_values(int unit, int value_bytes, const ValueMap& in,
                                std::uint8_t* bytes) const {
  const ValueCodec codec(value_bytes, ops_);
  const int n = channels(unit);
  for_each_row(unit, [&](int map, int y, int x0, int columns) {
    codec.store_rows(in.at(map, y, x0) + word_of(unit) * 16, bytes, n, columns, in.channels);
    bytes += columns * n * value_bytes;
  });
}

void TensorImage::decode_packed(int unit, int value_bytes, const BitMap& mask,
                                const std::uint8_t* bytes, ValueMap& out) const {
  const ValueCodec codec(value_bytes, ops_);
  const int word = word_of(unit), n = channels(unit);
  const std::uint64_t values = count(unit, mask);
  if (codec.packs(n)) {
    std::uint16_t* const packed = scratch(values + kSlack);
    if (values > 0) std::memcpy(packed, bytes, 2 * values);
    const std::uint16_t* next = packed;
    for_each_row(unit, [&](int map, int y, int x0, int columns) {
      next = ops_.unpack_half(next, mask.at(map, y, x0) + word, mask.words(),
                              out.at(map, y, x0) + word * 16, out.channels, columns);
    });
    return;
  }
  RawVector<float> packed(values);
  codec.load(bytes, packed.data(), packed.size());
  const float* next = packed.data();
  for_each_row(unit, [&](int map, int y, int x0, int columns) {
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
                                         const ValueMap& in, std::uint8_t* bytes) const {
  const ValueCodec codec(value_bytes, ops_);
  const int word = word_of(unit);
  if (codec.packs(channels(unit))) {
    std::uint16_t* const packed = scratch(elements(unit) + kSlack);
    std::uint16_t* next = packed;
    for_each_row(unit, [&](int map, int y, int x0, int columns) {
      next = ops_.pack_half(in.at(map, y, x0) + word * 16, in.channels, mask.at(map, y, x0) + word,
                            mask.words(), columns, next);
    });
    const auto packed_bytes = 2 * static_cast<std::uint64_t>(next - packed);
    if (packed_bytes > 0) std::memcpy(bytes, packed, packed_bytes);
    return packed_bytes;
  }
  RawVector<float> packed(elements(unit));
  float* next = packed.data();
  for_each_row(unit, [&](int map, int y, int x0, int columns) {
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

std::uint64_t TensorImage::count(int unit, const BitMap& mask) const {
  std::uint64_t sum = 0;
  for_each_word(unit, mask, [&](std::uint16_t word) { sum += count_ones(word); });
  return sum;
}

}  // namespace h2
