// SPDX-License-Identifier: Apache-2.0
#include "modules/cluster/collective.h"

#include <gtest/gtest.h>

#include <cmath>

#include "modules/cluster/scaling.h"
#include "platform/config/load.h"

namespace h2 {
namespace {

ClusterSpec cluster_of(int cards, CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring) {
  ClusterSpec spec;
  spec.cards = cards;
  spec.algorithm = algorithm;
  return spec;
}

std::uint64_t mnist_weights() {
  const Config config = load_config(H2_SOURCE_DIR "/configs/mnist.yaml", {});
  std::uint64_t sum = 0;
  for (const Layer& l : config.network.layers) sum += l.weight_count();
  return sum;
}

double link_ms(const ClusterSpec& spec, std::uint64_t values) {
  return static_cast<double>(Collective(spec).cost({values, 1}, 128).link_ps) * 1e-9;
}

/// Figures worked out by hand: 35.22 MB of gradients on four cards, 12.5 GB/s, 1 us.
TEST(Collective, WorkedExampleOfTheMnistNetwork) {
  const std::uint64_t values = mnist_weights();
  EXPECT_NEAR(2e-6 * static_cast<double>(values), 35.22, 0.005);
  EXPECT_NEAR(link_ms(cluster_of(4, CollectiveAlgorithm::ring), values), 4.232, 1e-3);
  EXPECT_NEAR(link_ms(cluster_of(4, CollectiveAlgorithm::tree), values), 11.274, 1e-3);
  EXPECT_NEAR(link_ms(cluster_of(4, CollectiveAlgorithm::halving), values), 4.230, 1e-3);
}

/// Where the weights divide evenly the closed forms hold to the picosecond.
TEST(Collective, ClosedForms) {
  const std::uint64_t values = 1024 * 1000;
  const double s = 2 * values * 80.0, latency = 1e6;  // ps; a byte takes 80 ps
  for (int cards = 2; cards <= 1024; cards *= 2) {
    const double n = cards, levels = std::log2(n);
    const auto link = [&](CollectiveAlgorithm a) {
      return static_cast<double>(Collective(cluster_of(cards, a)).cost({values, 1}, 128).link_ps);
    };
    EXPECT_EQ(link(CollectiveAlgorithm::ring), 2 * (n - 1) * (latency + s / n)) << cards;
    EXPECT_EQ(link(CollectiveAlgorithm::tree), 2 * levels * (latency + s)) << cards;
    EXPECT_EQ(link(CollectiveAlgorithm::halving), 2 * levels * latency + 2 * (n - 1) / n * s)
        << cards;
  }
}

/// Four parts on each of two cards: the card sends four halves of gradients, and gets half the sum.
TEST(Collective, PartsOfACardAreSentOneByOne) {
  const auto steps = Collective(cluster_of(2)).steps({1000, 4});
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].bytes, 4U * 500 * 2);
  EXPECT_EQ(steps[1].bytes, 500U * 2);
}

/// Ten values on three cards: the largest share has four.
TEST(Collective, SharesAreRoundedUp) {
  for (const CollectiveStep& step : Collective(cluster_of(3)).steps({10, 1})) {
    EXPECT_EQ(step.bytes, 4U * 2);
  }
}

TEST(Collective, SumsThatAreNotRoundedTakeTwiceTheBytes) {
  ClusterSpec spec = cluster_of(8, CollectiveAlgorithm::halving);
  spec.sum_bytes = 4;
  const auto steps = Collective(spec).steps({8000, 1});
  ASSERT_EQ(steps.size(), 6U);
  EXPECT_EQ(steps[0].bytes, 4000U * 2) << "gradients as they are";
  EXPECT_EQ(steps[1].bytes, 2000U * 4);
  EXPECT_EQ(steps[2].bytes, 1000U * 4);
  EXPECT_EQ(steps[3].bytes, 1000U * 2) << "the sum is rounded";
  EXPECT_EQ(Collective(spec).steps({8000, 2})[0].bytes, 4000U * 4) << "two parts are added first";
}

/// On a ring a message to the card opposite passes half the links, which it shares.
TEST(Collective, OnARingMessagesPassOthers) {
  ClusterSpec spec = cluster_of(8);
  spec.topology = ClusterTopology::ring;
  const auto steps = Collective(spec).steps({8, 1});
  ASSERT_EQ(steps.size(), 14U);
  const std::uint64_t distances[] = {1, 2, 3, 4, 3, 2, 1};
  for (std::size_t k = 0; k < 7; ++k) {
    EXPECT_EQ(steps[k].hops, distances[k]);
    EXPECT_EQ(steps[k].sharing, distances[k]);
    EXPECT_EQ(steps[7 + k].hops, 1U);
  }
  EXPECT_EQ(Collective(spec).step_ps({10, 3, 2}), 3'000'000U + 1'600);
  spec.topology = ClusterTopology::switched;
  EXPECT_LT(link_ms(spec, 1'000'000), link_ms(
                                          [] {
                                            ClusterSpec ring = cluster_of(8);
                                            ring.topology = ClusterTopology::ring;
                                            return ring;
                                          }(),
                                          1'000'000));
}

TEST(Collective, CostOfMem2IsAFieldOfItsOwn) {
  const CollectiveCost one = Collective(cluster_of(1)).cost({1000, 1}, 128);
  EXPECT_EQ(one.total_ps(), 0U) << "nothing is added up";
  const CollectiveCost parts = Collective(cluster_of(1)).cost({64000, 4}, 128);
  EXPECT_EQ(parts.link_ps, 0U);
  EXPECT_EQ(parts.memory_bytes, 5U * 128000);
  EXPECT_EQ(parts.memory_ps, 5'000'000U);
  EXPECT_EQ(Collective(cluster_of(4)).cost({64000, 1}, 128).memory_ps, 2'000'000U);
}

/// Four cards send 4 MB each way over the server's one link.
TEST(Collective, FederatedStar) {
  const CollectiveCost star = Collective(cluster_of(4)).star(1'000'000, 128);
  EXPECT_EQ(star.link_ps, 2U * (1'000'000 + 16'000'000ULL * 80));
  EXPECT_EQ(star.sent_bytes, 4'000'000U);
  EXPECT_EQ(star.memory_ps, 62'500'000U);
}

/// Eight sub-batches that take 19.96 ms: .825 on four cards, .779 on 64, Mem2 left out.
TEST(Scaling, WorkedEfficiencies) {
  CardProfile card;
  card.sub_batch_s = 19.96e-3 / 8;
  card.values = mnist_weights();
  card.memory_gbps = 1e9;
  const auto points = weak_scaling(card, {}, 8, 1024);
  ASSERT_EQ(points.size(), 11U);
  EXPECT_EQ(points[0].efficiency, 1);
  EXPECT_NEAR(points[2].efficiency, 0.825, 5e-4);
  EXPECT_NEAR(points[6].efficiency, 0.779, 5e-4);
  EXPECT_EQ(points[6].cards, 64);
}

/// With free links a card's share alone counts, and what every group costs beside its sub-batches.
TEST(Scaling, StrongScalingKeepsTheGroup) {
  CardProfile card;
  card.sub_batch_s = 1;
  card.group_s = 2;
  card.memory_gbps = 128;
  const auto points = strong_scaling(card, {}, 64, 64);
  for (const ScalingPoint& p : points) {
    EXPECT_DOUBLE_EQ(p.compute_s, 64.0 / p.cards + 2);
    EXPECT_NEAR(p.efficiency, 66.0 / (p.cards * p.total_s()), 1e-12);
  }
  EXPECT_DOUBLE_EQ(points.back().sub_batches, 1);
}

}  // namespace
}  // namespace h2
