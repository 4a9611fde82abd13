// SPDX-License-Identifier: Apache-2.0
#include "modules/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace h2 {
namespace {

using Words4 = std::array<std::uint32_t, 4>;

// Known answers published with Random123 for philox4x32, 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words4{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t f = 0xffffffff;
  EXPECT_EQ(philox4x32({f, f, f, f}, {f, f}),
            (Words4{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words4{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRng, LaysOutCounterAsBlockItemStream) {
  CounterRng rng(0x299f31d0a4093822, RandomStream::weights, 0x13198a2e85a308d3);
  const Words4 first = philox4x32({0, 0x85a308d3, 0x13198a2e, 1}, {0xa4093822, 0x299f31d0});
  const Words4 second = philox4x32({1, 0x85a308d3, 0x13198a2e, 1}, {0xa4093822, 0x299f31d0});
  for (const std::uint32_t word : first) EXPECT_EQ(rng.next(), word);
  for (const std::uint32_t word : second) EXPECT_EQ(rng.next(), word);
}

TEST(CounterRng, SeedStreamAndItemAllMatter) {
  const std::uint32_t base = CounterRng(1, RandomStream::weights, 0).next();
  EXPECT_NE(CounterRng(2, RandomStream::weights, 0).next(), base);
  EXPECT_NE(CounterRng(1ULL << 32 | 1, RandomStream::weights, 0).next(), base);
  EXPECT_NE(CounterRng(1, RandomStream::shuffle, 0).next(), base);
  EXPECT_NE(CounterRng(1, RandomStream::weights, 1).next(), base);
  EXPECT_NE(CounterRng(1, RandomStream::weights, 1ULL << 32).next(), base);
}

TEST(CounterRng, UniformHasTheRightMoments) {
  CounterRng rng(7, RandomStream::masks, 0);
  double sum = 0, squares = 0, low = 1, high = 0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    sum += u;
    squares += u * u;
    low = std::min(low, u);
    high = std::max(high, u);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.003);
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.003);
  EXPECT_GE(low, 0.0);
  EXPECT_LT(high, 1.0);
  EXPECT_LT(low, 1e-3);
  EXPECT_GT(high, 1 - 1e-3);
}

TEST(CounterRng, NormalHasTheRightMoments) {
  CounterRng rng(7, RandomStream::weights, 3);
  constexpr int kDraws = 200000;
  double m1 = 0, m2 = 0, m4 = 0, successive = 0, before = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double n = rng.normal();
    m1 += n;
    m2 += n * n;
    m4 += n * n * n * n;
    successive += n * before;
    before = n;
  }
  EXPECT_NEAR(m1 / kDraws, 0.0, 0.01);
  EXPECT_NEAR(m2 / kDraws, 1.0, 0.02);
  EXPECT_NEAR(m4 / kDraws, 3.0, 0.15);
  EXPECT_NEAR(successive / kDraws, 0.0, 0.01);
}

TEST(CounterRng, BelowIsEven) {
  CounterRng rng(1, RandomStream::faults, 0);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60000; ++i) ++seen.at(rng.below(6));
  for (const int count : seen) EXPECT_NEAR(count, 10000, 400);
}

TEST(CounterRng, BelowRejectsTheBiasedDraws) {
  // 2^31 + 1 of 2^32 leaves almost half of the draws biased; unrejected, odd results would be rare.
  CounterRng rng(1, RandomStream::faults, 1);
  int odd = 0;
  for (int i = 0; i < 20000; ++i) odd += static_cast<int>(rng.below((1U << 31) + 1) & 1);
  EXPECT_NEAR(odd, 10000, 300);
}

TEST(Permutation, HoldsEverySampleOnce) {
  std::vector<std::uint32_t> order = permutation(1000, 1, 0);
  EXPECT_EQ(std::set<std::uint32_t>(order.begin(), order.end()).size(), 1000U);
  EXPECT_EQ(*std::max_element(order.begin(), order.end()), 999U);
}

TEST(Permutation, DependsOnSeedAndEpochOnly) {
  EXPECT_EQ(permutation(100, 1, 2), permutation(100, 1, 2));
  EXPECT_NE(permutation(100, 1, 2), permutation(100, 1, 3));
  EXPECT_NE(permutation(100, 1, 2), permutation(100, 2, 2));
}

TEST(Permutation, EveryOrderOfThreeIsEquallyLikely) {
  std::array<int, 27> seen{};
  for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) {
    const auto p = permutation(3, 9, epoch);
    ++seen.at(p[0] * 9 + p[1] * 3 + p[2]);
  }
  for (const int order : {5, 7, 11, 15, 19, 21}) EXPECT_NEAR(seen.at(order), 1000, 120) << order;
}

TEST(Permutation, SmallCounts) {
  EXPECT_TRUE(permutation(0, 1, 0).empty());
  EXPECT_EQ(permutation(1, 1, 0), std::vector<std::uint32_t>{0});
}

}  // namespace
}  // namespace h2
