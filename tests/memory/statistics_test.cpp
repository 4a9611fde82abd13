// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/statistics.h"

#include <gtest/gtest.h>

namespace h2 {
namespace {

TEST(LatencyHistogram, ExactWhenSmall) {
  LatencyHistogram h;
  for (int v = 1; v <= 100; ++v) h.add(v);
  EXPECT_DOUBLE_EQ(h.mean(), 50.5);
  EXPECT_EQ(h.quantile(0.5), 50);
  EXPECT_EQ(h.quantile(0.99), 99);
  EXPECT_EQ(h.quantile(1.0), 100);
  EXPECT_EQ(h.max(), 100);
}

TEST(LatencyHistogram, WithinOneStepWhenLarge) {
  LatencyHistogram h;
  for (std::int64_t v = 1000; v <= 1000000; v += 1000) h.add(v);
  EXPECT_NEAR(static_cast<double>(h.quantile(0.5)), 500000.0, 500000.0 * 0.016);
  EXPECT_NEAR(static_cast<double>(h.quantile(0.9)), 900000.0, 900000.0 * 0.016);
  EXPECT_EQ(h.quantile(1.0), 1000000);
}

TEST(LatencyHistogram, EmptyAndExtreme) {
  LatencyHistogram h;
  EXPECT_EQ(h.quantile(0.5), 0);
  EXPECT_EQ(h.mean(), 0.0);
  h.add(std::int64_t{1} << 60);
  EXPECT_EQ(h.quantile(0.5), std::int64_t{1} << 60);
}

TEST(DramStatistics, SumsCountsAndKeepsTheDeepestQueue) {
  DramStatistics a, b;
  a.reads = 3;
  a.max_reads_queued = 5;
  b.reads = 4;
  b.writes = 1;
  b.max_reads_queued = 2;
  a += b;
  EXPECT_EQ(a.reads, 7u);
  EXPECT_EQ(a.bytes(), 8u * 64);
  EXPECT_EQ(a.max_reads_queued, 5);
}

}  // namespace
}  // namespace h2
