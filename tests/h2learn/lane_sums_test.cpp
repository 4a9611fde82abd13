// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/lane_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

namespace h2 {
namespace {

struct Case {
  int blocks;
  std::uint64_t addend, sum;
};

class LaneSums : public testing::TestWithParam<Case> {};

TEST_P(LaneSums, EqualsPlainSumsOnEveryInstructionSet) {
  constexpr int kEntries = 128;
  constexpr int kSets = 5;
  const LaneTable shape(GetParam().blocks, kEntries, GetParam().addend, GetParam().sum);
  const int lanes = shape.blocks * kLaneWords * 64;
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> numbers(static_cast<std::size_t>(kEntries) * lanes);
  std::vector<std::uint64_t> left(lanes, GetParam().sum);
  std::vector<std::uint64_t> table(shape.words(), 0);
  const std::size_t stride = shape.blocks * kLaneWords;
  std::vector<int> rows(GetParam().addend);
  std::iota(rows.begin(), rows.end(), 0);
  for (int entry = 0; entry < kEntries; ++entry) {
    std::vector<std::uint64_t> bits(rows.size() * stride, 0);
    for (int lane = 0; lane < lanes; ++lane) {
      std::uint64_t& number = numbers[entry * lanes + lane];
      number = std::min(random() % (GetParam().addend + 1), left[lane]);
      left[lane] -= number;
      for (std::uint64_t i = 0; i < number; ++i) {
        bits[i * stride + lane / 64] |= std::uint64_t{1} << (lane % 64);
      }
    }
    for (int b = 0; b < shape.blocks; ++b) {
      sum_lanes(bits.data() + b * kLaneWords, stride, rows, shape.planes,
                &table[shape.at(b, entry)]);
    }
  }
  std::vector<std::uint64_t> chosen(kSets * kEntries / 64);
  for (std::uint64_t& word : chosen) word = random();
  chosen[2] = chosen[3] = 0;

  std::uint64_t want = 0;
  for (int set = 0; set < kSets; ++set) {
    for (int lane = 0; lane < lanes; ++lane) {
      std::uint64_t sum = 0;
      for (int entry = 0; entry < kEntries; ++entry) {
        const std::uint64_t word = chosen[set * 2 + entry / 64];
        sum += ((word >> (entry % 64)) & 1) * numbers[entry * lanes + lane];
      }
      want = std::max(want, sum);
    }
  }
  EXPECT_GT(want, 0U);
  EXPECT_EQ(longest_lane(shape, table.data(), chosen.data(), kSets), want);
  EXPECT_EQ(longest_lane_portable(shape, table.data(), chosen.data(), kSets), want);
}

INSTANTIATE_TEST_SUITE_P(Sizes, LaneSums,
                         testing::Values(Case{1, 3, 255}, Case{3, 2, 200}, Case{2, 15, 1500},
                                         Case{1, 40, 5000}));

TEST(LaneSums, TooLargeSumsAreRefused) {
  EXPECT_THROW(LaneTable(1, 64, 1U << 20, 1), std::length_error);
  EXPECT_THROW(LaneTable(1, 64, 1, std::uint64_t{1} << 40), std::length_error);
}

}  // namespace
}  // namespace h2
