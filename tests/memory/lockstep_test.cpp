// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "platform/config/presets.h"
#include "tests/memory/arrivals.h"

namespace h2 {
namespace {

/// Streams of four ports, as an engine's: bursts of 4 KB, now and then one that does not end with
/// a stripe, rarely a few bytes, and pauses. `mixed`: bursts of many sizes, ports read and write.
std::vector<Arrival> streams(int count, unsigned seed, bool mixed) {
  constexpr std::array<std::uint32_t, 8> kSizes{64, 512, 1024, 2048, 3840, 4096, 4096, 9216};
  std::mt19937_64 random(seed);
  std::array<std::uint64_t, 4> next{0, 1 << 20, 40 << 20, 77 << 20};
  std::vector<Arrival> arrivals;
  Picoseconds now = 0;
  for (int i = 0; i < count; ++i) {
    const bool crowded = i / 300 % 2 == 0;
    now += static_cast<Picoseconds>(random() % (crowded ? 60'000 : 200'000));
    if (random() % 100 == 0) now += static_cast<Picoseconds>(random() % 20'000'000);
    MemoryRequest r;
    r.id = static_cast<std::uint64_t>(i);
    r.port = static_cast<int>(random() % next.size());
    r.bytes = random() % 20 == 0 ? 3920 : 4096;
    if (mixed) r.bytes = kSizes.at(random() % kSizes.size());
    if (random() % 500 == 0) r.bytes = 50;
    r.write = mixed ? random() % 3 == 0 : r.port % 2 == 1;
    std::uint64_t& address = next.at(static_cast<std::size_t>(r.port));
    r.address = address;
    const std::uint64_t unit = mixed ? 64 : 4096;
    address = (address + r.bytes + unit - 1) / unit * unit;
    arrivals.push_back({now, r});
  }
  return arrivals;
}

void expect_equal(const DramStatistics& a, const DramStatistics& b) {
  EXPECT_EQ(a.reads, b.reads);
  EXPECT_EQ(a.writes, b.writes);
  EXPECT_EQ(a.row_hits, b.row_hits);
  EXPECT_EQ(a.row_misses, b.row_misses);
  EXPECT_EQ(a.row_conflicts, b.row_conflicts);
  EXPECT_EQ(a.activates, b.activates);
  EXPECT_EQ(a.unused_activates, b.unused_activates);
  EXPECT_EQ(a.precharges, b.precharges);
  EXPECT_EQ(a.refreshes, b.refreshes);
  EXPECT_EQ(a.turnarounds, b.turnarounds);
  EXPECT_EQ(a.bus_busy_clocks, b.bus_busy_clocks);
  EXPECT_EQ(a.max_reads_queued, b.max_reads_queued);
  EXPECT_EQ(a.max_writes_queued, b.max_writes_queued);
}

void expect_one_stands_for_all(const MemorySpec& spec) {
  std::uint64_t together = 0, apart = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const auto arrivals = streams(3000, seed, seed % 2 == 0);
    DramMemory memory(spec.dram, spec.bytes, BurstService::runs);
    DramMemory each(spec.dram, spec.bytes, BurstService::runs);
    each.follow_each_channel();
    Picoseconds now = 0, then = 0;
    const auto count = [&] { ++(memory.in_lockstep() ? together : apart); };
    EXPECT_EQ(run(memory, arrivals, now, count), run(each, arrivals, then));
    EXPECT_FALSE(each.in_lockstep());
    expect_equal(memory.statistics(), each.statistics());
  }
  EXPECT_GT(together, 1000u);
  EXPECT_GT(apart, 100u);
}

class Lockstep : public ::testing::TestWithParam<const char*> {};

TEST_P(Lockstep, OneChannelStandsForAll) {
  MemorySpec spec;
  apply_memory_preset(spec, GetParam());
  expect_one_stands_for_all(spec);
  spec.dram.bank_hash = true;
  expect_one_stands_for_all(spec);
}

INSTANTIATE_TEST_SUITE_P(Presets, Lockstep, ::testing::Values("hbm2", "ddr4_3200", "lpddr4_2400"),
                         [](const auto& info) { return std::string(info.param); });

TEST(LockstepOff, WithoutStripes) {
  MemorySpec spec;
  EXPECT_TRUE(DramMemory(spec.dram, spec.bytes, BurstService::runs).in_lockstep());
  EXPECT_FALSE(DramMemory(spec.dram, spec.bytes, BurstService::exact).in_lockstep());
  const MemorySpec unified = unified_memory(spec);
  EXPECT_FALSE(DramMemory(unified.dram, unified.bytes, BurstService::runs).in_lockstep());
  spec.dram.address_map = "channel-row-rank-bank-column-bankgroup";
  EXPECT_FALSE(DramMemory(spec.dram, spec.bytes, BurstService::runs).in_lockstep());
}

}  // namespace
}  // namespace h2
