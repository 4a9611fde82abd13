// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/spinaps/random_glm.h"

namespace h2 {
namespace {

TEST(SpinArithmetic, TheGeneratorGivesTheKnownNumbersAndVisitsAllOfThem) {
  Xorshift16 g(0x2545);
  for (const int expected : {390, 9703, 55820, 48738, 43557}) EXPECT_EQ(g.next(), expected);
  Xorshift16 all(1);
  std::vector<bool> seen(65536);
  for (int i = 0; i < 65535; ++i) seen[all.next()] = true;
  EXPECT_FALSE(seen[0]);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 65535);
}

TEST(SpinArithmetic, SeedsFollowTheSamplesAndNeverAreZero) {
  EXPECT_EQ(sample_seed(0x2545, 0), 0x2545);
  EXPECT_EQ(sample_seed(0x2545, 10), 0x254F);
  EXPECT_EQ(sample_seed(0x2545, 65536 - 0x2545), 0xACE1);
  EXPECT_EQ(sample_seed(0x2545, 65536 - 0x2545 + 1), 1);
}

TEST(SpinArithmetic, TheSigmoidTableHasTheKnownEntries) {
  const SigmoidTable& t = sigmoid_table();
  EXPECT_EQ(t[0], 0);
  EXPECT_EQ(t[64], 23);
  EXPECT_EQ(t[128], 33792);
  EXPECT_EQ(t[192], 65515);
  EXPECT_EQ(t[255], 65535);
  EXPECT_TRUE(is_monotone(t));
  SigmoidTable falls = t;
  falls[100] = 0;
  EXPECT_FALSE(is_monotone(falls));
}

TEST(SpinArithmetic, TheIndexIsRoundedDownAndKeptInTheTable) {
  const std::uint32_t ten = 10 * 65536;
  EXPECT_EQ(sigmoid_index(0, ten), 128);
  EXPECT_EQ(sigmoid_index(1, ten), 128);   // .8
  EXPECT_EQ(sigmoid_index(-1, ten), 127);  // -.8
  EXPECT_EQ(sigmoid_index(-5, ten), 124);  // -4
  EXPECT_EQ(sigmoid_index(2000000, ten), 255);
  EXPECT_EQ(sigmoid_index(-2000000, ten), 0);
  EXPECT_EQ(sigmoid_index(1, 32768), 144);  // a scale of .5
}

TEST(SpinArithmetic, OfSeveralFirstSpikesTheLargestPotentialWinsThenTheLowestClass) {
  const std::int32_t u[] = {5, 9, 9, 12};
  EXPECT_EQ(first_of({1, 1, 1, 0}, u), 1);
  EXPECT_EQ(first_of({1, 0, 0, 1}, u), 3);
  EXPECT_EQ(first_of({0, 0, 0, 0}, u), -1);
  const std::int32_t equal[] = {7, 7, 7};
  EXPECT_EQ(largest_of(equal, 3), 0);
}

TEST(SpinArithmetic, WithoutASpikeTheKeyDecides) {
  const std::vector<std::int32_t> u{-3, -1, -2};
  const std::vector<std::uint8_t> silent{0, 0, 0};
  FirstSpike largest({2, true, SpinUndecided::largest}, 3);
  EXPECT_FALSE(largest.take(silent, u.data()));
  EXPECT_TRUE(largest.take(silent, u.data()));
  EXPECT_EQ(largest.decision().winner, 1);
  EXPECT_EQ(largest.decision().step, 0);
  EXPECT_EQ(largest.decision().u, -1);
  FirstSpike none({1, true, SpinUndecided::none}, 3);
  EXPECT_TRUE(none.take(silent, u.data()));
  EXPECT_EQ(none.decision().winner, -1);
  EXPECT_EQ(none.decision().u, -3);
}

TEST(SpinArithmetic, ASpikeActsFromTheNextStepOnForTauSteps) {
  GlmSpikes s{4, {{2}, {}, {}, {}, {}}};
  EXPECT_TRUE(rows_of_step(s, 3, 0).empty());
  EXPECT_EQ(rows_of_step(s, 3, 1), (std::vector<int>{2}));
  EXPECT_EQ(rows_of_step(s, 3, 2), (std::vector<int>{6}));
  EXPECT_EQ(rows_of_step(s, 3, 3), (std::vector<int>{10}));
  EXPECT_TRUE(rows_of_step(s, 3, 4).empty());
}

TEST(SpinArithmetic, EqualsTheScalarModelOnRandomNetworks) {
  int decided = 0, undecided = 0;
  for (std::uint64_t n = 0; n < 300; ++n) {
    CounterRng rng(n, RandomStream::sweep, 0);
    const int inputs = 1 + static_cast<int>(rng.below(60)),
              tau = 1 + static_cast<int>(rng.below(9));
    const int classes = 1 + static_cast<int>(rng.below(12)),
              steps = 1 + static_cast<int>(rng.below(17));
    const int bits = 2 + static_cast<int>(rng.below(7));
    const GlmNetwork network = random_network(inputs, classes, tau, bits, n);
    const GlmSpikes spikes = random_spikes(inputs, steps, rng.uniform(0, 0.4), n);
    const int deadline = 1 + static_cast<int>(rng.below(steps));
    const unsigned base = 1 + rng.below(65535);
    const std::uint64_t sample = rng.below(100000);
    for (const bool early : {true, false}) {
      for (const bool largest : {true, false}) {
        const FirstSpikeRule rule{deadline, early,
                                  largest ? SpinUndecided::largest : SpinUndecided::none};
        const GlmDecision d =
            decide(network, sigmoid_table(), spikes, rule, sample_seed(base, sample));
        EXPECT_EQ(scalar_of(d), scalar_answer(scalar_of(network), dense_of(spikes), base, sample,
                                              deadline, early, largest))
            << n;
        (d.step != 0 ? decided : undecided) += 1;
        EXPECT_TRUE(early || d.steps == deadline);
      }
    }
  }
  EXPECT_GT(decided, 200);
  EXPECT_GT(undecided, 200);
}

TEST(SpinArithmetic, EarlyStopAndLaterDeadlinesNeverChangeAnAnswer) {
  for (std::uint64_t n = 0; n < 200; ++n) {
    const GlmNetwork network = random_network(40, 10, 4, 8, n);
    const GlmSpikes spikes = random_spikes(40, 12, 0.2, n);
    const auto run = [&](int deadline, bool early) {
      return decide(network, sigmoid_table(), spikes, {deadline, early, SpinUndecided::none},
                    sample_seed(0x2545, n));
    };
    const GlmDecision early = run(12, true), late = run(12, false);
    EXPECT_EQ(early.winner, late.winner);
    EXPECT_EQ(early.step, late.step);
    EXPECT_EQ(early.u, late.u);
    EXPECT_LE(early.rows, late.rows);
    for (int deadline = 1; deadline <= 12; ++deadline) {
      const bool decided = early.step != 0 && early.step <= deadline;
      EXPECT_EQ(run(deadline, true).winner, decided ? early.winner : -1);
    }
  }
}

TEST(SpinArithmetic, SpikesSurviveTheirPlaceInMemory) {
  for (const int inputs : {1, 8, 13, 784}) {
    const GlmSpikes s = random_spikes(inputs, 5, 0.3, 9);
    const std::vector<std::uint8_t> bytes = pack_spikes(s);
    EXPECT_EQ(bytes.size(), 5 * step_bytes(inputs));
    EXPECT_EQ(unpack_spikes(bytes.data(), inputs, 5).steps, s.steps);
  }
}

TEST(SpinArithmetic, EncodingsDoWhatTheySay) {
  const std::uint8_t pixels[] = {0, 255, 128, 1, 127};
  CounterRng rng(1, RandomStream::spikes, 0);
  const GlmSpikes latency = encode_pixels(pixels, 5, 8, SpinEncoding::latency, rng);
  EXPECT_EQ(latency.count(), 4U);
  EXPECT_EQ(latency.steps[0], (std::vector<std::uint16_t>{1}));
  EXPECT_EQ(latency.steps[3], (std::vector<std::uint16_t>{2}));
  EXPECT_EQ(latency.steps[4], (std::vector<std::uint16_t>{4}));
  EXPECT_EQ(latency.steps[7], (std::vector<std::uint16_t>{3}));
  const GlmSpikes constant = encode_pixels(pixels, 5, 3, SpinEncoding::constant, rng);
  for (const auto& step : constant.steps) EXPECT_EQ(step, (std::vector<std::uint16_t>{1, 2}));
  const GlmSpikes rate = encode_pixels(pixels, 5, 4000, SpinEncoding::rate, rng);
  std::vector<int> counts(5);
  for (const auto& step : rate.steps) {
    for (const std::uint16_t j : step) ++counts[j];
  }
  EXPECT_EQ(counts[0], 0);
  for (int j = 1; j < 5; ++j) EXPECT_NEAR(counts[j] / 4000.0, pixels[j] / 256.0, 0.03);
}

}  // namespace
}  // namespace h2
