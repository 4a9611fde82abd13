// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "memory/dram/traffic.h"
#include "platform/config/presets.h"

namespace h2 {
namespace {

/// A load and the GB/s of two other simulators for it, measured with the same device, address map,
/// queues and closed loop of 20000 requests: DRAMSim3 (commit 2981759) and Ramulator 2.1 (commit
/// c5b1c3a; the preset's distances in its DDR4 model, HBM2 with one rank in its HBM2 model).
struct Point {
  const char* name;
  const char* preset;
  const char* pattern;
  int depth, ranks;
  double dramsim, ramulator;
  double tolerance;
  bool row_channels = false;  ///< the channel changes with the row only
};

class Measured : public ::testing::TestWithParam<Point> {};

TEST_P(Measured, NearOneOfTwoOtherSimulators) {
  const Point& p = GetParam();
  MemorySpec memory;
  apply_memory_preset(memory, p.preset);
  memory.dram.ranks = p.ranks;
  if (p.row_channels) memory.dram.address_map = "row-rank-bank-bankgroup-channel-column";
  TrafficSpec traffic;
  traffic.pattern = p.pattern;
  traffic.queue_depth = p.depth;
  traffic.requests = 20000;
  const double gbps = run_traffic(memory, traffic).bandwidth_gbps;
  const double off = std::min(std::abs(gbps / p.dramsim - 1), std::abs(gbps / p.ramulator - 1));
  EXPECT_LT(off, p.tolerance) << gbps << " GB/s";
}

INSTANTIATE_TEST_SUITE_P(
    Points, Measured,
    ::testing::Values(
        Point{"hbm2_2seq_al_128", "hbm2", "2seq_al", 128, 1, 120.19, 118.99, 0.02},
        Point{"hbm2_2seq_al_256", "hbm2", "2seq_al", 256, 1, 120.00, 118.99, 0.02},
        Point{"hbm2_2seq_al_400", "hbm2", "2seq_al", 400, 1, 119.97, 118.99, 0.02},
        Point{"ddr4_2seq_al_256", "ddr4_3200", "2seq_al", 256, 1, 95.01, 97.54, 0.05},
        Point{"lpddr4_2seq_al_200", "lpddr4_2400", "2seq_al", 200, 1, 72.43, 72.71, 0.05},
        Point{"hbm2_4_ranks_2seq_al_128", "hbm2", "2seq_al", 128, 4, 117.14, 116.96, 0.05},
        Point{"hbm2_mix11_96", "hbm2", "mix11", 96, 1, 97.76, 96.41, 0.05},
        Point{"hbm2_mix11_4k_96", "hbm2", "mix11_4k", 96, 1, 97.24, 95.29, 0.10},
        Point{"ddr4_mix11_4k_12", "ddr4_3200", "mix11_4k", 12, 1, 50.44, 45.51, 0.05},
        Point{"lpddr4_mix11_4k_5", "lpddr4_2400", "mix11_4k", 5, 1, 16.78, 17.88, 0.05},
        Point{"lpddr4_mix11_4k_7", "lpddr4_2400", "mix11_4k", 7, 1, 22.08, 20.24, 0.05},
        Point{"lpddr4_mix11_4k_12", "lpddr4_2400", "mix11_4k", 12, 1, 32.66, 26.34, 0.05},
        Point{"lpddr4_mix21_6", "lpddr4_2400", "mix21", 6, 1, 15.85, 14.14, 0.05},
        Point{"ddr4_4_ranks_rand_wr_48", "ddr4_3200", "rand_wr", 48, 4, 99.67, 97.06, 0.05},
        Point{"lpddr4_2_ranks_rand_wr_48", "lpddr4_2400", "rand_wr", 48, 2, 70.61, 68.47, 0.05},
        Point{"lpddr4_4_ranks_rand_wr_48", "lpddr4_2400", "rand_wr", 48, 4, 76.48, 70.84, 0.05},
        Point{"hbm2_rows_3seq_st_24", "hbm2", "3seq_st", 24, 1, 96.70, 41.21, 0.1, true},
        Point{"lpddr4_rows_3seq_st_24", "lpddr4_2400", "3seq_st", 24, 1, 35.38, 35.33, 0.1, true},
        Point{"ddr4_4_ranks_seq_wr_96", "ddr4_3200", "seq_wr", 96, 4, 98.91, 99.04, 0.02}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace h2
