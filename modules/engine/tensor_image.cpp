#include "modules/engine/tensor_image.h"

#include <algorithm>
#include <cstring>

#include "modules/kernels/bits.h"
#include "modules/kernels/raw_vector.h"
#include "modules/kernels/value_codec.h"

namespace h2 {

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
void TensorImage::for_each(int unit, Visit visit) const {
  const Region r = tiling_.tile(unit / blocks_);
  const int word = unit % blocks_;
  const int channels = std::min<int>(H2_BLOCK, static_cast<int>(map_.channels) - word * 16);
  const int steps = static_cast<int>(map_.steps), samples = static_cast<int>(map_.samples);
  for (int t = 0; t < steps; ++t)
    for (int b = 0; b < samples; ++b)
      for (int y = r.y0; y < r.y1; ++y)
        for (int x = r.x0; x < r.x1; ++x) visit(b * steps + t, y, x, word, channels);
}

void TensorImage::decode_bits(int unit, const std::uint8_t* bytes, BitMap& out) const {
  if (whole_words(unit)) {
    for_each(unit, [&](int map, int y, int x, int word, int) {
      std::memcpy(&out.at(map, y, x)[word], bytes, 2);
      bytes += 2;
    });
    return;
  }
  std::uint64_t bit = 0;
  for_each(unit, [&](int map, int y, int x, int word, int channels) {
    std::uint32_t window = 0;  // the bits start anywhere in a byte: at most 7 + 16 bits
    const std::uint64_t end = bit + channels;
    for (std::uint64_t at = bit / 8; at * 8 < end; ++at) {
      window |= std::uint32_t{bytes[at]} << (8 * (at - bit / 8));
    }
    const std::uint32_t keep = (1U << channels) - 1;
    out.at(map, y, x)[word] = static_cast<std::uint16_t>((window >> (bit % 8)) & keep);
    bit = end;
  });
}

void TensorImage::encode_bits(int unit, const BitMap& in, std::uint8_t* bytes) const {
  if (whole_words(unit)) {
    for_each(unit, [&](int map, int y, int x, int word, int) {
      std::memcpy(bytes, &in.at(map, y, x)[word], 2);
      bytes += 2;
    });
    std::memset(bytes, 0, bits_bytes(unit) - elements(unit) / 8);
    return;
  }
  std::memset(bytes, 0, bits_bytes(unit));
  std::uint64_t bit = 0;
  for_each(unit, [&](int map, int y, int x, int word, int channels) {
    const std::uint32_t window = std::uint32_t{in.at(map, y, x)[word]} << (bit % 8);
    const std::uint64_t end = bit + channels;
    for (std::uint64_t at = bit / 8; at * 8 < end; ++at) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] | (window >> (8 * (at - bit / 8))));
    }
    bit = end;
  });
}

void TensorImage::decode_values(int unit, int value_bytes, const std::uint8_t* bytes,
                                ValueMap& out) const {
  const ValueCodec codec(value_bytes);
  for_each(unit, [&](int map, int y, int x, int word, int channels) {
    codec.load(bytes, out.at(map, y, x) + word * 16, channels);
    bytes += channels * value_bytes;
  });
}

void TensorImage::encode_values(int unit, int value_bytes, const ValueMap& in,
                                std::uint8_t* bytes) const {
  const ValueCodec codec(value_bytes);
  for_each(unit, [&](int map, int y, int x, int word, int channels) {
    codec.store(in.at(map, y, x) + word * 16, bytes, channels);
    bytes += channels * value_bytes;
  });
}

void TensorImage::decode_packed(int unit, int value_bytes, const BitMap& mask,
                                const std::uint8_t* bytes, ValueMap& out) const {
  RawVector<float> packed(count(unit, mask));
  ValueCodec(value_bytes).load(bytes, packed.data(), packed.size());
  const float* next = packed.data();
  for_each(unit, [&](int map, int y, int x, int word, int channels) {
    float* to = out.at(map, y, x) + word * 16;
    std::fill_n(to, channels, 0.0F);
    for (unsigned open = mask.at(map, y, x)[word]; open != 0; open &= open - 1) {
      to[__builtin_ctz(open)] = *next++;
    }
  });
}

std::uint64_t TensorImage::encode_packed(int unit, int value_bytes, const BitMap& mask,
                                         const ValueMap& in, std::uint8_t* bytes) const {
  RawVector<float> packed(elements(unit));
  float* next = packed.data();
  for_each(unit, [&](int map, int y, int x, int word, int) {
    const float* from = in.at(map, y, x) + word * 16;
    for (unsigned open = mask.at(map, y, x)[word]; open != 0; open &= open - 1) {
      *next++ = from[__builtin_ctz(open)];
    }
  });
  const auto values = static_cast<std::size_t>(next - packed.data());
  ValueCodec(value_bytes).store(packed.data(), bytes, values);
  return values * value_bytes;
}

std::uint64_t TensorImage::count(int unit, const BitMap& mask) const {
  std::uint64_t sum = 0;
  for_each(unit, [&](int map, int y, int x, int word, int) {
    sum += count_ones(mask.at(map, y, x)[word]);
  });
  return sum;
}

}  // namespace h2
