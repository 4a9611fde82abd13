// SPDX-License-Identifier: Apache-2.0
#include "platform/data/first_spike_code.h"

#include <gtest/gtest.h>

namespace h2 {
namespace {

/// The timestep at which each pixel fires; -1: at none, -2: at several.
std::vector<int> steps_of(const std::vector<std::uint8_t>& pixels, int timesteps) {
  std::vector<std::uint8_t> spikes{7, 7};  // what was there before does not matter
  code_first_spikes(pixels.data(), pixels.size(), timesteps, spikes);
  EXPECT_EQ(spikes.size(), pixels.size() * timesteps);
  std::vector<int> steps(pixels.size(), -1);
  for (std::size_t at = 0; at < spikes.size(); ++at) {
    int& step = steps[at % pixels.size()];
    if (spikes[at] == 1) step = step == -1 ? static_cast<int>(at / pixels.size()) : -2;
  }
  return steps;
}

TEST(FirstSpikeCode, BrighterPixelsFireEarlierOnce) {
  EXPECT_EQ(steps_of({255, 0, 128, 1, 240, 64}, 16), (std::vector<int>{0, -1, 7, 15, 0, 11}));
  EXPECT_EQ(steps_of({255, 1, 0}, 1), (std::vector<int>{0, 0, -1}));
}

TEST(FirstSpikeCode, SixteenStepsAreTheUpperFourBits) {
  std::vector<std::uint8_t> pixels;
  for (int p = 1; p < 256; ++p) pixels.push_back(static_cast<std::uint8_t>(p));
  const std::vector<int> steps = steps_of(pixels, 16);
  for (int p = 1; p < 256; ++p) EXPECT_EQ(steps[p - 1], 15 - p / 16) << p;
}

}  // namespace
}  // namespace h2
