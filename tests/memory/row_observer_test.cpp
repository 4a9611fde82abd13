// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "platform/config/presets.h"
#include "tests/memory/arrivals.h"

namespace h2 {
namespace {

/// Streams and scattered lines of three ports, at times between the clocks too, with pauses in
/// which an idle memory is refreshed several times.
std::vector<Arrival> random_arrivals(int count) {
  std::mt19937_64 random(11);
  std::vector<Arrival> arrivals;
  Picoseconds now = 0;
  for (int i = 0; i < count; ++i) {
    now += static_cast<Picoseconds>(random() % 30'000);
    if (random() % 50 == 0) now += static_cast<Picoseconds>(random() % 20'000'000);
    MemoryRequest r;
    r.id = static_cast<std::uint64_t>(i);
    r.port = static_cast<int>(random() % 3);
    r.bytes = random() % 2 == 0 ? 64 : 4096;
    r.address = random() % (1 << 24) / r.bytes * r.bytes;
    r.write = random() % 3 == 0;
    arrivals.push_back({now, r});
  }
  return arrivals;
}

/// Channel, time, bank, row, of every opening and closing; the channels one after the other.
using Rows = std::map<int, std::vector<std::tuple<Picoseconds, int, std::int64_t>>>;

/// The commands with the clocks that they carry, of a memory without other observers.
Rows rows_by_clock(DramMemory& memory, const DramSpec& spec, const std::vector<Arrival>& arrivals,
                   Times& times) {
  Rows rows;
  memory.follow_each_channel();
  for (int i = 0; i < memory.channels(); ++i) {
    memory.channel(i).observe(
        [&rows, &memory, &spec, i](Command c, int bank, std::int64_t row, Clock at) {
          const Picoseconds time = std::llround(static_cast<double>(at) * spec.tck_ns * 1000.0);
          if (c == Command::activate) rows[i].emplace_back(time, bank, row);
          if (c == Command::precharge) rows[i].emplace_back(time, bank, -1);
          for (int b = 0; c == Command::precharge_all && b < memory.channel(i).banks(); ++b) {
            rows[i].emplace_back(time, b, -1);
          }
        });
  }
  Picoseconds now = 0;
  times = run(memory, arrivals, now);
  return rows;
}

class RowObserver : public ::testing::TestWithParam<const char*> {};

TEST_P(RowObserver, HearsOfEveryCommandAtItsTimeAndChangesNothing) {
  MemorySpec spec;
  apply_memory_preset(spec, GetParam());
  const auto arrivals = random_arrivals(3000);
  DramMemory alone(spec.dram, spec.bytes, BurstService::runs);
  DramMemory observed(spec.dram, spec.bytes, BurstService::runs);
  Times times;
  const Rows wanted = rows_by_clock(alone, spec.dram, arrivals, times);

  Picoseconds now = 0;
  Rows heard;
  observed.observe_rows([&](int channel, int bank, std::int64_t row) {
    heard[channel].emplace_back(now, bank, row);
  });
  EXPECT_EQ(run(observed, arrivals, now), times);
  EXPECT_EQ(times.size(), arrivals.size());
  ASSERT_EQ(heard.size(), static_cast<std::size_t>(spec.dram.channels));
  std::uint64_t openings = 0;
  for (const auto& [channel, rows] : heard) {
    // Alone, a resting channel closes its rows no sooner than it is asked again.
    const auto& all = wanted.at(channel);
    ASSERT_GE(rows.size(), all.size());
    EXPECT_TRUE(std::equal(all.begin(), all.end(), rows.begin())) << "channel " << channel;
    for (const auto& [time, bank, row] : rows) openings += row != MemoryTiming::kNoRow;
  }
  EXPECT_EQ(openings, observed.statistics().activates);
  EXPECT_EQ(openings, alone.statistics().activates);
  EXPECT_EQ(observed.statistics().refreshes, alone.statistics().refreshes);
}

INSTANTIATE_TEST_SUITE_P(Presets, RowObserver,
                         ::testing::Values("hbm2", "ddr4_3200", "lpddr4_2400"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace h2
