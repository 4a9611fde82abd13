// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/tensor_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "modules/arithmetic/fp16.h"
#include "modules/arithmetic/simd/isa.h"
#include "modules/tensor/operand.h"
#include "tests/arithmetic/isa_guard.h"

namespace h2 {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint8_t kGuard = 0xA5;

/// 7 x 9 positions in tiles of 4 x 8, 3 steps, 2 samples.
h2_map map_of(std::uint32_t channels, std::uint32_t border = 0) {
  return {channels, 7, 9, 3, 2, 4, 8, border};
}

BitMap bits_of(const h2_map& m, int ones_of_8, std::mt19937& random) {
  BitMap bits(static_cast<int>(m.steps * m.samples), static_cast<int>(m.height),
              static_cast<int>(m.width), static_cast<int>(m.channels));
  for (int map = 0; map < bits.maps; ++map)
    for (int y = 0; y < bits.height; ++y)
      for (int x = 0; x < bits.width; ++x)
        for (int c = 0; c < bits.channels; ++c) {
          bits.set(map, y, x, c, static_cast<int>(random() >> 29) < ones_of_8);
        }
  return bits;
}

/// Numbers of all sizes; where `half`, each is an FP16 number.
ValueMap values_like(const BitMap& bits, bool half, std::mt19937& random) {
  ValueMap values = ValueMap::raw(bits.maps, bits.height, bits.width, bits.channels);
  for (float& v : values.values) {
    v = half ? from_fp16(static_cast<std::uint16_t>(random() % 0x7C00))
             : static_cast<float>(random()) * 1e-7F;
    if (random() % 2 == 0) v = -v;
  }
  return values;
}

/// A chunk as h2_layout.h describes it, value by value.
Bytes chunk_of(const TensorImage& image, int unit, int value_bytes, const ValueMap& values,
               const BitMap* mask) {
  Bytes chunk;
  const h2_map& m = image.map();
  const Region r = image.tiling().tile(unit / image.blocks());
  const int first = unit % image.blocks() * 16;
  const int end = std::min(first + 16, static_cast<int>(m.channels));
  for (int t = 0; t < static_cast<int>(m.steps); ++t)
    for (int b = 0; b < static_cast<int>(m.samples); ++b)
      for (int y = r.y0; y < r.y1; ++y)
        for (int x = r.x0; x < r.x1; ++x)
          for (int c = first; c < end; ++c) {
            const int map = b * static_cast<int>(m.steps) + t;
            if (mask != nullptr && !mask->get(map, y, x, c)) continue;
            const float value = values.at(map, y, x)[c];
            const std::uint16_t half = to_fp16(value);
            const auto* bytes = value_bytes == 2 ? reinterpret_cast<const std::uint8_t*>(&half)
                                                 : reinterpret_cast<const std::uint8_t*>(&value);
            chunk.insert(chunk.end(), bytes, bytes + value_bytes);
          }
  return chunk;
}

/// Through memory and back, the whole tensor.
void expect_values_come_back(const h2_map& m, int value_bytes, int ones_of_8) {
  std::mt19937 random(m.channels + static_cast<unsigned>(ones_of_8));
  const TensorImage image(0, m);
  const BitMap mask = bits_of(m, ones_of_8, random);
  const ValueMap values = values_like(mask, value_bytes == 2, random);
  ValueMap dense = values_like(mask, false, random), packed = dense;
  for (int unit = 0; unit < image.units(); ++unit) {
    Bytes memory(image.elements(unit) * value_bytes + 1, kGuard);
    image.encode_values(unit, value_bytes, values, memory.data());
    Bytes expected = chunk_of(image, unit, value_bytes, values, nullptr);
    expected.push_back(kGuard);
    ASSERT_EQ(memory, expected);
    image.decode_values(unit, value_bytes, memory.data(), dense);

    expected = chunk_of(image, unit, value_bytes, values, &mask);
    ASSERT_EQ(image.count(unit, mask) * value_bytes, expected.size());
    memory.assign(expected.size() + 1, kGuard);
    ASSERT_EQ(image.encode_packed(unit, value_bytes, mask, values, memory.data()), expected.size());
    expected.push_back(kGuard);
    ASSERT_EQ(memory, expected);
    image.decode_packed(unit, value_bytes, mask, memory.data(), packed);
  }
  EXPECT_EQ(dense.values, values.values);
  for (int map = 0; map < mask.maps; ++map)
    for (int y = 0; y < mask.height; ++y)
      for (int x = 0; x < mask.width; ++x)
        for (int c = 0; c < mask.channels; ++c) {
          const float wanted = mask.get(map, y, x, c) ? values.at(map, y, x)[c] : 0.0F;
          ASSERT_EQ(packed.at(map, y, x)[c], wanted);
        }
}

TEST(TensorImage, ValuesComeBackDenseAndPacked) {
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    for (const std::uint32_t channels : {10U, 16U, 40U, 64U}) {
      for (const int value_bytes : {2, 4}) {
        for (const int ones_of_8 : {0, 1, 5, 8}) {
          SCOPED_TRACE(std::string(isa_name(isa)) + ", " + std::to_string(channels) +
                       " channels of " + std::to_string(value_bytes) + " bytes, " +
                       std::to_string(ones_of_8) + " of 8 set");
          expect_values_come_back(map_of(channels), value_bytes, ones_of_8);
        }
      }
    }
  }
}

TEST(ValueOperand, UnitsOfWhichNothingIsStoredAreZeros) {
  const h2_map m = map_of(26);
  for (const int value_bytes : {2, 4}) {
    const BitMap none(static_cast<int>(m.steps * m.samples), 7, 9, 26);
    ValueOperand operand(TensorKind::gradient, TensorImage(0, m), value_bytes, &none, true);
    const auto values = static_cast<std::ptrdiff_t>(operand.values.values.size());
    std::fill(operand.values.values.begin(), operand.values.values.end(), 7.0F);
    TransferList list;
    operand.want_region({0, 7, 0, 9}, 0, 26, list);
    EXPECT_TRUE(list.transfers().empty());
    list.deliver();
    EXPECT_EQ(std::count(operand.values.values.begin(), operand.values.values.end(), 0.0F), values);
  }
}

TEST(TensorImage, BitsComeBack) {
  std::mt19937 random(5);
  for (const std::uint32_t channels : {1U, 10U, 16U, 40U, 64U}) {
    const h2_map m = map_of(channels);
    const TensorImage image(0, m);
    const BitMap bits = bits_of(m, 3, random);
    BitMap back = bits_of(m, 4, random);
    for (int unit = 0; unit < image.units(); ++unit) {
      Bytes memory(image.bits_bytes(unit) + 1, kGuard);
      image.encode_bits(unit, bits, memory.data());
      EXPECT_EQ(memory.back(), kGuard);
      image.decode_bits(unit, memory.data(), back);
    }
    EXPECT_EQ(back.bits, bits.bits) << channels;
  }
}

}  // namespace
}  // namespace h2
