// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/traffic.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "modules/base/error.h"
#include "platform/config/presets.h"

namespace h2 {
namespace {

TrafficResult run(const std::string& pattern, int depth, const MemorySpec& memory = {}) {
  TrafficSpec traffic;
  traffic.pattern = pattern;
  traffic.queue_depth = depth;
  traffic.requests = 60000;
  traffic.warmup = 5000;
  return run_traffic(memory, traffic);
}

// HBM2 by hand: 4 channels, 64 B, 1 ns clocks. A refresh of streaming reads costs tRTP + tRP +
// tRFC + tRCD = 293 clocks of each 3900, less the two of the access that would have followed.
constexpr double kPeak = 128.0;
constexpr double kRefreshed = 1.0 - 291.0 / 3900.0;
constexpr double kLines = 4 * 64;

TEST(Traffic, SequentialReadsLoseOnlyTheRefresh) {
  EXPECT_NEAR(run("seq_rd", 256).bandwidth_gbps, kPeak * kRefreshed, 0.5);
  EXPECT_NEAR(run("seq_rd", 256).bandwidth_gbps, 117.7, 117.7 * 0.01);
}

TEST(Traffic, SequentialWritesWaitLongerForThePrecharge) {
  // CWL + burst + tWR = 22 instead of tRTP = 5.
  EXPECT_NEAR(run("seq_wr", 256).bandwidth_gbps, kPeak * (1.0 - 308.0 / 3900.0), 1.0);
}

TEST(Traffic, ShallowQueueIsLatencyBound) {
  // One read at a time: 17 clocks each while the row stays open.
  EXPECT_NEAR(run("bank_hit", 1).bandwidth_gbps, 64.0 / 17.0, 64.0 / 17.0 * 0.09);
}

TEST(Traffic, RandomReadsAreBoundByTfaw) {
  const double bound = kLines * 4 / 30 * kRefreshed;
  const TrafficResult r = run("rand_rd", 256);
  EXPECT_LT(r.bandwidth_gbps, bound * 1.01);
  EXPECT_GT(r.bandwidth_gbps, bound * 0.95);
  EXPECT_LT(r.row_hit_rate, 0.01);
}

TEST(Traffic, BankConflictsTakeTrcEach) {
  EXPECT_NEAR(run("bank_conf", 64).bandwidth_gbps, kLines / 48 * kRefreshed, 0.1);
  EXPECT_NEAR(run("bg_conf", 64).bandwidth_gbps, 4 * kLines / 48 * kRefreshed, 0.5);
}

TEST(Traffic, OneBankGroupReachesPeakWhereTccdAllows) {
  EXPECT_NEAR(run("bg_hit", 256).bandwidth_gbps, kPeak * kRefreshed, 0.5);
  MemorySpec slow;
  slow.dram.tccd_l = 4;
  EXPECT_NEAR(run("bg_hit", 256, slow).bandwidth_gbps, kPeak / 2 * kRefreshed, 0.5);
  EXPECT_NEAR(run("seq_rd", 256, slow).bandwidth_gbps, kPeak * kRefreshed, 0.8);
}

TEST(Traffic, StrideOfAllChannelsUsesOneChannel) {
  TrafficSpec traffic;
  traffic.pattern = "stride";
  traffic.stride = 256;
  const TrafficResult r = run_traffic(MemorySpec{}, traffic);
  EXPECT_NEAR(r.bandwidth_gbps, kPeak / 4 * kRefreshed, 0.3);
}

TEST(Traffic, RefreshFractionFollowsTrfc) {
  MemorySpec doubled;
  doubled.dram.trfc = 520;
  const auto lost = [](const MemorySpec& memory) {
    TrafficSpec traffic;
    traffic.queue_depth = 256;
    traffic.requests = 400000;
    return 1 - run_traffic(memory, traffic).bandwidth_gbps / kPeak;
  };
  const double once = lost(MemorySpec{}), twice = lost(doubled);
  EXPECT_NEAR(twice - once, 260.0 / 3900.0, 0.001);
}

TEST(Traffic, TurnaroundsCostAQuarterOfMixes) {
  // Batches of 20 to 26 lines of 2 clocks, 14 + 12 clocks for the two turns.
  for (const char* pattern : {"mix11", "mix21", "mix11_4k"}) {
    const double share = run(pattern, 256).bandwidth_gbps / (kPeak * kRefreshed);
    EXPECT_GT(share, 0.70) << pattern;
    EXPECT_LT(share, 0.85) << pattern;
  }
}

TEST(Traffic, IdleLatencies) {
  const IdleLatency idle = measure_idle_latency(MemorySpec{});
  EXPECT_DOUBLE_EQ(idle.closed, 31);
  EXPECT_DOUBLE_EQ(idle.hit, 17);
  EXPECT_DOUBLE_EQ(idle.conflict, 45);
  const nlohmann::json json = idle;
  EXPECT_EQ(json.at("conflict"), 45);
}

TEST(Traffic, IdealHasOneLatency) {
  MemorySpec ideal;
  apply_memory_preset(ideal, kIdealPreset);
  const IdleLatency idle = measure_idle_latency(ideal);
  EXPECT_DOUBLE_EQ(idle.closed, 50.5);
  EXPECT_DOUBLE_EQ(idle.conflict, 50.5);
  EXPECT_NEAR(run("seq_rd", 256, ideal).bandwidth_gbps, 128, 0.2);
  EXPECT_NEAR(run("rand_rd", 256, ideal).bandwidth_gbps, 128, 0.2);
}

class PatternTest : public ::testing::TestWithParam<std::string> {};

TEST_P(PatternTest, StaysBelowPeakAndRepeats) {
  const TrafficResult a = run(GetParam(), 64);
  EXPECT_GT(a.bandwidth_gbps, 0);
  EXPECT_LE(a.bandwidth_gbps, a.peak_gbps);
  nlohmann::json first = a, second = run(GetParam(), 64);
  first.erase("requests_per_wall_second");
  second.erase("requests_per_wall_second");
  EXPECT_EQ(first, second);
}

TEST_P(PatternTest, RunsOnEveryPreset) {
  for (const std::string name : {"ddr4_3200", "lpddr4_2400"}) {
    MemorySpec memory;
    apply_memory_preset(memory, name);
    const TrafficResult r = run(GetParam(), 64, memory);
    EXPECT_GT(r.bandwidth_gbps, 1.0) << name;
    EXPECT_LE(r.bandwidth_gbps, r.peak_gbps) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PatternTest, ::testing::ValuesIn(traffic_patterns()),
                         [](const auto& info) { return "p_" + info.param; });

class MonotoneTest : public ::testing::TestWithParam<std::string> {};

TEST_P(MonotoneTest, NoLossFromADeeperQueueOrShorterTimes) {
  const double at64 = run(GetParam(), 64).bandwidth_gbps;
  EXPECT_GE(at64, run(GetParam(), 16).bandwidth_gbps * 0.99);
  EXPECT_GE(run(GetParam(), 256).bandwidth_gbps, at64 * 0.99);
  MemorySpec faster;
  faster.dram.trcd = faster.dram.trp = faster.dram.cl = 12;
  EXPECT_GE(run(GetParam(), 64, faster).bandwidth_gbps, at64 * 0.99);
}

/// How the rows of several requestors interleave is not monotone.
std::vector<std::string> one_requestor() {
  std::vector<std::string> names;
  for (const std::string& name : traffic_patterns()) {
    if (name.find("seq_al") == std::string::npos && name.find("seq_st") == std::string::npos &&
        name != "rd_wr") {
      names.push_back(name);
    }
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(OneRequestor, MonotoneTest, ::testing::ValuesIn(one_requestor()),
                         [](const auto& info) { return info.param; });

TEST(Traffic, JsonHasTheReportedFields) {
  const nlohmann::json json = run("seq_rd", 16);
  EXPECT_EQ(json.at("pattern"), "seq_rd");
  for (const char* key : {"bandwidth_gbps", "peak_gbps", "row_hit_rate", "simulated_ns",
                          "requests_per_wall_second"}) {
    EXPECT_TRUE(json.at(key).is_number()) << key;
  }
  const nlohmann::json& latency = json.at("read_latency_ns");
  EXPECT_LE(latency.at("p50"), latency.at("p99"));
  EXPECT_LE(latency.at("p99"), latency.at("max"));
  EXPECT_GE(latency.at("mean"), 17.0);
}

TEST(Traffic, DirectionsAreReportedApart) {
  const nlohmann::json reads = run("seq_rd", 16), writes = run("seq_wr", 16);
  EXPECT_EQ(reads.count("write_latency_ns"), 0U);
  EXPECT_EQ(writes.count("read_latency_ns"), 0U);
  EXPECT_EQ(reads.at("write_gbps"), 0.0);
  EXPECT_DOUBLE_EQ(reads.at("read_gbps"), reads.at("bandwidth_gbps"));
  EXPECT_DOUBLE_EQ(writes.at("write_gbps"), writes.at("bandwidth_gbps"));
  const TrafficResult mixed = run("mix21", 64);
  EXPECT_NEAR(mixed.read_gbps, 2 * mixed.write_gbps, 0.01 * mixed.bandwidth_gbps);
  EXPECT_NEAR(mixed.read_gbps + mixed.write_gbps, mixed.bandwidth_gbps, 1e-9);
  // By Little's law 256 writes under way at 118 GB/s wait 256 * 64 / 118 ns until they are posted.
  const TrafficResult posted = run("seq_wr", 256);
  EXPECT_NEAR(posted.write.mean, 256 * 64 / posted.bandwidth_gbps, 1.5);
  EXPECT_GE(run("seq_wr", 1).write.mean, 1.0) << "one clock after acceptance";
}

TEST(Traffic, AReaderAndAWriterShareTheBandwidth) {
  const TrafficResult r = run("rd_wr", 64);
  EXPECT_GT(r.bandwidth_gbps, 0.6 * kPeak);
  EXPECT_NEAR(r.read_gbps / r.bandwidth_gbps, 20.0 / (20 + 26), 0.05) << "batches of both";
  EXPECT_DOUBLE_EQ(r.read_gbps + r.write_gbps, r.bandwidth_gbps);
}

TEST(Traffic, UnifiedMemoryHasThreeTimesTheBandwidth) {
  TrafficSpec traffic;
  traffic.pattern = "seq_rd";
  traffic.queue_depth = 768;
  traffic.requests = 500000;  // ten refreshes
  const TrafficResult r = run_traffic(unified_memory(MemorySpec{}), traffic);
  EXPECT_DOUBLE_EQ(r.peak_gbps, 3 * kPeak);
  EXPECT_NEAR(r.bandwidth_gbps, 3 * kPeak * kRefreshed, 3 * 0.5);
}

TEST(Traffic, BankHashSpreadsStridesOfWholeRows) {
  TrafficSpec traffic;
  traffic.pattern = "stride";
  traffic.requests = 20000;
  for (const std::uint64_t stride : {128 << 10, 1 << 20}) {
    traffic.stride = stride;
    MemorySpec memory;
    const double plain = run_traffic(memory, traffic).bandwidth_gbps;
    memory.dram.bank_hash = true;
    const double hashed = run_traffic(memory, traffic).bandwidth_gbps;
    EXPECT_NEAR(plain, 64.0 / 48 * kRefreshed, 0.1) << "one bank of one channel, tRC each";
    EXPECT_NEAR(hashed, 64 * 4 / 30.0 * kRefreshed, 0.5) << "one channel, four rows per tFAW";
  }
}

TEST(Traffic, BadInputNamesLegalValues) {
  const auto message = [](auto change) {
    TrafficSpec traffic;
    change(traffic);
    try {
      (void)run_traffic(MemorySpec{}, traffic);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string unknown = message([](TrafficSpec& t) { t.pattern = "zigzag"; });
  EXPECT_NE(unknown.find("zigzag"), std::string::npos);
  for (const std::string& name : traffic_patterns()) {
    EXPECT_NE(unknown.find(name), std::string::npos) << name;
  }
  EXPECT_NE(message([](TrafficSpec& t) { t.queue_depth = 0; }).find("queue_depth"),
            std::string::npos);
  EXPECT_NE(message([](TrafficSpec& t) { t.warmup = t.requests; }).find("warmup"),
            std::string::npos);
  EXPECT_NE(message([](TrafficSpec& t) { t.stride = 100; }).find("stride"), std::string::npos);
}

}  // namespace
}  // namespace h2
