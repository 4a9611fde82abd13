// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/fp16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace h2 {
namespace {

/// The value of a bit pattern by the format's definition; `bits` is positive and finite,
/// or 0x7C00, which represents the 2^16 that comes after the largest.
double defined(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10);
  const double fraction = static_cast<double>(bits & 0x3FFU) / 1024;
  return exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
}

TEST(Fp16, EveryValueIsExactAndComesBack) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const float value = from_fp16(static_cast<std::uint16_t>(bits));
    const unsigned magnitude = bits & 0x7FFFU;
    if (magnitude > 0x7C00) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_TRUE(std::isnan(round_fp16(value)));
      continue;
    }
    const double expected =
        magnitude == 0x7C00 ? std::numeric_limits<double>::infinity() : defined(magnitude);
    EXPECT_EQ(std::fabs(value), expected);
    EXPECT_EQ(std::signbit(value), bits >= 0x8000);
    EXPECT_EQ(to_fp16(value), bits);
  }
}

TEST(Fp16, HalfwayGoesToEvenAndNeighboursToTheNearest) {
  for (unsigned low = 0; low < 0x7C00; ++low) {
    // Exact in float: one bit more than FP16 has.
    const auto middle = static_cast<float>((defined(low) + defined(low + 1)) / 2);
    const unsigned even = low % 2 == 0 ? low : low + 1;
    for (const float sign : {1.0F, -1.0F}) {
      const unsigned s = sign < 0 ? 0x8000 : 0;
      EXPECT_EQ(to_fp16(sign * middle), s | even);
      EXPECT_EQ(to_fp16(sign * std::nextafter(middle, 0.0F)), s | low);
      EXPECT_EQ(to_fp16(sign * std::nextafter(middle, 1e9F)), s | (low + 1));
    }
  }
}

TEST(Fp16, FarAwayValues) {
  EXPECT_EQ(to_fp16(1e30F), 0x7C00);
  EXPECT_EQ(to_fp16(-65520.0F), 0xFC00);
  EXPECT_EQ(to_fp16(65519.996F), 0x7BFF);
  EXPECT_EQ(to_fp16(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(to_fp16(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(to_fp16(-1e-20F), 0x8000);
  EXPECT_TRUE(std::isnan(from_fp16(to_fp16(std::numeric_limits<float>::quiet_NaN()))));
}

}  // namespace
}  // namespace h2
