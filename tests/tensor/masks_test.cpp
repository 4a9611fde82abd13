// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/masks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "modules/base/error.h"

namespace h2 {
namespace {

double density(const BitMap& mask) {
  std::uint64_t set = 0;
  for (const std::uint16_t word : mask.bits) set += __builtin_popcount(word);
  return static_cast<double>(set) /
         (static_cast<double>(mask.maps) * mask.height * mask.width * mask.channels);
}

MaskDraw large() {
  MaskDraw draw;
  draw.height = draw.width = 32;
  draw.channels = 512;
  return draw;
}

TEST(DrawMask, DensityIsExactToASamplingError) {
  for (const double wanted : {0.0, 0.0074, 0.1, 0.25, 0.5, 0.7734, 1.0}) {
    MaskDraw draw = large();
    draw.density = wanted;
    const BitMap mask = draw_mask(draw);
    const double bits = 40.0 * 32 * 32 * 512;
    EXPECT_NEAR(density(mask), wanted, 1e-6 + 4 * std::sqrt(wanted * (1 - wanted) / bits));
  }
}

TEST(DrawMask, BitsDependOnSeedAndStreamOnly) {
  MaskDraw draw;
  draw.height = draw.width = 8;
  draw.channels = 100;
  const BitMap base = draw_mask(draw);
  EXPECT_EQ(base.bits, draw_mask(draw).bits);
  draw.stream = 1;
  const BitMap stream = draw_mask(draw);
  EXPECT_NE(base.bits, stream.bits);
  draw.stream = 0;
  draw.seed = 2;
  const BitMap seed = draw_mask(draw);
  EXPECT_NE(base.bits, seed.bits);
  EXPECT_NE(seed.bits, stream.bits);
}

/// Word `index` of 64 bits by the definition, digit by digit from the lowest: a set digit of the
/// density ORs a random word, a clear one ANDs it.
std::uint64_t slow_word(const MaskDraw& draw, std::uint64_t index) {
  CounterRng rng(draw.seed, draw.random, draw.stream);
  const std::uint64_t high = rng.next();
  const std::uint64_t key = (high << 32) | rng.next();
  const long threshold = std::lround(draw.density * (1 << 20));
  std::uint64_t bits = threshold >> 20 != 0 ? ~std::uint64_t{0} : 0;
  for (int digit = 0; digit < 20; ++digit) {
    std::uint64_t z = (key + index * 20 + digit) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    if (threshold >> 20 == 0) bits = (threshold >> digit & 1) != 0 ? bits | z : bits & z;
  }
  return bits;
}

TEST(DrawMask, BitsAreThoseOfTheDefinition) {
  for (const double wanted : {0.0, 0.0074, 0.25, 0.7734, 0.999999, 1.0}) {
    MaskDraw draw;
    draw.batch = 3;
    draw.steps = 5;
    draw.height = 3;
    draw.width = 11;
    draw.channels = 80;
    draw.density = wanted;
    const BitMap mask = draw_mask(draw);
    EXPECT_EQ(mask.bits, draw_mask_portable(draw).bits);
    const std::size_t words = mask.bits.size() / draw.batch, of_sample = (words + 3) / 4;
    for (std::size_t i = 0; i < mask.bits.size(); ++i) {
      const std::size_t at = i % words;
      const std::uint64_t word = slow_word(draw, i / words * of_sample + at / 4);
      ASSERT_EQ(mask.bits[i], static_cast<std::uint16_t>(word >> (16 * (at % 4)))) << i;
    }
  }
}

TEST(DrawMask, ChannelsBeyondTheLastAreZero) {
  MaskDraw draw;
  draw.height = draw.width = 3;
  draw.channels = 19;
  draw.density = 1.0;
  const BitMap mask = draw_mask(draw);
  for (int map = 0; map < mask.maps; ++map) {
    EXPECT_EQ(mask.at(map, 2, 1)[0], 0xFFFF);
    EXPECT_EQ(mask.at(map, 2, 1)[1], 0x7);
  }
}

TEST(DrawMask, NeighboursAreIndependent) {
  MaskDraw draw = large();
  const BitMap mask = draw_mask(draw);
  std::uint64_t pairs = 0;
  for (std::size_t i = 1; i < mask.bits.size(); ++i) {
    pairs += __builtin_popcount(mask.bits[i] & mask.bits[i - 1]);
    pairs += __builtin_popcount(mask.bits[i] & (mask.bits[i] << 1) & 0xFFFE);
  }
  const double places = 31.0 * static_cast<double>(mask.bits.size());
  EXPECT_NEAR(static_cast<double>(pairs) / places, 1.0 / 16, 2e-4);
}

TEST(DrawMask, SomeSamplesCarryAll) {
  MaskDraw draw = large();
  draw.batch = 8;
  draw.density = 0.1;
  draw.by_sample = true;
  draw.sample_fraction = 0.25;
  const BitMap mask = draw_mask(draw);
  EXPECT_NEAR(density(mask), 0.1, 5e-4);
  const std::size_t words = mask.bits.size() / 8;
  int carrying = 0;
  for (int sample = 0; sample < 8; ++sample) {
    BitMap one(10, 32, 32, 512);
    one.bits.assign(mask.bits.begin() + words * sample, mask.bits.begin() + words * (sample + 1));
    const double own = density(one);
    if (own == 0.0) continue;
    ++carrying;
    EXPECT_NEAR(own, 0.4, 1e-3);
  }
  EXPECT_EQ(carrying, 2);
}

TEST(DrawMask, CarryingSamplesFollowTheirOwnStreamAndTheFractionOnAverage) {
  MaskDraw draw;
  draw.height = draw.width = 4;
  draw.channels = 64;
  draw.density = 0.15;
  draw.by_sample = true;
  draw.sample_fraction = 0.3;
  double carried = 0.0;
  std::set<std::uint64_t> patterns;
  for (draw.sample_stream = 0; draw.sample_stream < 1000; ++draw.sample_stream) {
    std::uint64_t pattern[2] = {};
    for (draw.stream = 0; draw.stream < 2; ++draw.stream) {
      const BitMap mask = draw_mask(draw);
      for (std::size_t i = 0; i < mask.bits.size(); ++i) {
        if (mask.bits[i] != 0) pattern[draw.stream] |= 1U << (i * 4 / mask.bits.size());
      }
    }
    EXPECT_EQ(pattern[0], pattern[1]);
    carried += __builtin_popcountll(pattern[0]) / 4.0;
    patterns.insert(pattern[0]);
  }
  EXPECT_NEAR(carried / 1000, 0.3, 0.02);
  EXPECT_GT(patterns.size(), 4U);
}

TEST(DrawMask, DensityAboveTheFractionIsCapped) {
  MaskDraw draw;
  draw.channels = 64;
  draw.density = 0.9;
  draw.by_sample = true;
  draw.sample_fraction = 0.5;
  EXPECT_DOUBLE_EQ(density(draw_mask(draw)), 0.5);
}

TEST(DrawMask, BadNumbersAreNamed) {
  MaskDraw draw;
  draw.density = 1.01;
  EXPECT_THROW(draw_mask(draw), InputError);
  draw.density = std::nan("");
  EXPECT_THROW(draw_mask(draw), InputError);
  draw.density = 0.5;
  draw.by_sample = true;
  draw.sample_fraction = 0.0;
  try {
    draw_mask(draw);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("sample_fraction"), std::string::npos);
  }
}

}  // namespace
}  // namespace h2
