// SPDX-License-Identifier: Apache-2.0
#include "platform/data/rate_coder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace h2 {
namespace {

constexpr int kSteps = 4000;

std::vector<std::uint8_t> drawn(const RateCoder::Draw& draw, std::uint64_t seed = 1) {
  const std::uint8_t pixels[] = {0, 1, 64, 128, 255};
  std::vector<std::uint8_t> spikes;
  RateCoder(5, kSteps, seed).spikes(pixels, draw, spikes);
  return spikes;
}

TEST(RateCoder, SpikesWithThePixelsProbability) {
  const std::vector<std::uint8_t> spikes = drawn({7, 3, false});
  ASSERT_EQ(spikes.size(), 5U * kSteps);
  const double rates[] = {0, 1.0 / 256, 64.0 / 256, 128.0 / 256, 255.0 / 256};
  for (int p = 0; p < 5; ++p) {
    double count = 0;
    for (int t = 0; t < kSteps; ++t) {
      ASSERT_LE(spikes[t * 5 + p], 1);
      count += spikes[t * 5 + p];
    }
    // Five standard deviations of a binomial distribution.
    const double deviation = std::sqrt(kSteps * rates[p] * (1 - rates[p]));
    EXPECT_NEAR(count, kSteps * rates[p], 5 * deviation) << p;
  }
}

TEST(RateCoder, TimestepsAndPixelsAreIndependent) {
  const std::vector<std::uint8_t> spikes = drawn({0, 0, false});
  int both = 0, next = 0;  // of pixels 2 and 3; of pixel 3 at neighbouring timesteps
  for (int t = 0; t + 1 < kSteps; ++t) {
    both += spikes[t * 5 + 2] & spikes[t * 5 + 3];
    next += spikes[t * 5 + 3] & spikes[t * 5 + 8];
  }
  EXPECT_NEAR(both, kSteps / 8.0, 5 * std::sqrt(kSteps * 7 / 64.0));
  EXPECT_NEAR(next, kSteps / 4.0, 5 * std::sqrt(kSteps * 3 / 16.0));
}

TEST(RateCoder, DependsOnSeedSampleAndEpochAlone) {
  const std::vector<std::uint8_t> spikes = drawn({7, 3, false});
  EXPECT_EQ(drawn({7, 3, false}), spikes);
  EXPECT_NE(drawn({8, 3, false}), spikes);
  EXPECT_NE(drawn({7, 4, false}), spikes);
  EXPECT_NE(drawn({7, 3, false}, 2), spikes);
  EXPECT_NE(drawn({7, 3, true}), spikes);
  EXPECT_EQ(drawn({7, 3, true}), drawn({7, 9, true})) << "a test sees the same spikes every time";
}

}  // namespace
}  // namespace h2
