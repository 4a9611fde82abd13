// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/memory_timing.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "memory/dram/dram_memory.h"
#include "memory/dram/ideal_memory.h"
#include "modules/base/error.h"
#include "platform/config/presets.h"

namespace h2 {
namespace {

MemorySpec preset(const std::string& name) {
  MemorySpec memory;
  apply_memory_preset(memory, name);
  return memory;
}

/// A port that moves contiguous bursts as fast as its outstanding transactions allow.
struct Port {
  bool write = false;
  std::uint64_t base = 0;
};

struct Outcome {
  double gbps = 0;
  std::vector<int> bursts;  ///< per port
  Picoseconds end = 0;
};

Outcome run_ports(MemoryTiming& memory, const std::vector<Port>& ports, int outstanding,
                  std::uint32_t bytes, int bursts) {
  using Done = std::pair<Picoseconds, std::uint64_t>;
  std::priority_queue<Done, std::vector<Done>, std::greater<>> done;
  std::vector<std::uint64_t> next;
  for (const Port& p : ports) next.push_back(p.base);
  const auto submit = [&](std::uint64_t port, Picoseconds now) {
    memory.submit({port, static_cast<int>(port), next[port], bytes, ports[port].write}, now);
    next[port] += bytes;
  };
  for (int i = 0; i < outstanding; ++i) {
    for (std::uint64_t port = 0; port < ports.size(); ++port) submit(port, 0);
  }
  Outcome run;
  run.bursts.resize(ports.size());
  std::vector<MemoryCompletion> completions;
  for (int n = 0; n < bursts;) {
    const Picoseconds now =
        std::min(done.empty() ? kNoEvent : done.top().first, memory.next_event());
    completions.clear();
    memory.advance(now, completions);
    for (const MemoryCompletion& c : completions) done.push({c.time, c.id});
    for (; !done.empty() && done.top().first <= now; done.pop(), ++n) {
      run.end = done.top().first;
      ++run.bursts[done.top().second];
      submit(done.top().second, now);
    }
  }
  run.gbps = static_cast<double>(bytes) * bursts * 1000.0 / static_cast<double>(run.end);
  return run;
}

/// Everything that was submitted completes; returns the completions.
std::vector<MemoryCompletion> drain(MemoryTiming& memory) {
  std::vector<MemoryCompletion> completions;
  while (memory.next_event() < kNoEvent) memory.advance(memory.next_event(), completions);
  return completions;
}

struct Case {
  const char* name;
  std::vector<Port> ports;
  double tolerance;
};

class ServiceTest : public ::testing::TestWithParam<Case> {};

TEST_P(ServiceTest, ComputedRunsStayNearSingleLines) {
  for (const std::string name : {"hbm2", "ddr4_3200", "lpddr4_2400"}) {
    for (const int outstanding : {2, 8}) {
      const auto exact = make_memory_timing(preset(name), BurstService::exact);
      const auto runs = make_memory_timing(preset(name), BurstService::runs);
      const Outcome a = run_ports(*exact, GetParam().ports, outstanding, 4096, 4000);
      const Outcome b = run_ports(*runs, GetParam().ports, outstanding, 4096, 4000);
      EXPECT_NEAR(b.gbps / a.gbps, 1.0, GetParam().tolerance)
          << name << " outstanding " << outstanding;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ports, ServiceTest,
    ::testing::Values(Case{"read", {{false, 0}}, 0.015}, Case{"write", {{true, 0}}, 0.015},
                      Case{"two_reads", {{false, 0}, {false, (1ULL << 30) + 32768}}, 0.03},
                      Case{"read_write", {{false, 0}, {true, (1ULL << 30) + 32768}}, 0.015}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DramMemory, EveryByteIsMovedOnce) {
  for (const BurstService service : {BurstService::exact, BurstService::runs}) {
    MemorySpec spec;
    DramMemory memory(spec.dram, spec.bytes, service);
    std::uint64_t id = 0, read_lines = 0, write_lines = 0;
    for (const std::uint32_t bytes : {1u, 64u, 65u, 4096u, 4096u, 100000u}) {
      for (const std::uint64_t address : {0ULL, 60ULL, 4096ULL, 12345ULL}) {
        const std::uint64_t lines = (address % 64 + bytes + 63) / 64;
        memory.submit({id, static_cast<int>(id % 3), address, bytes, id % 2 == 1}, 0);
        (id % 2 == 1 ? write_lines : read_lines) += lines;
        ++id;
      }
    }
    EXPECT_EQ(drain(memory).size(), id);
    const DramStatistics s = memory.statistics();
    EXPECT_EQ(s.row_misses + s.row_conflicts, s.activates);
    EXPECT_EQ(s.row_hits + s.activates, s.reads + s.writes + s.unused_activates);
    EXPECT_EQ(s.bus_busy_clocks, static_cast<std::int64_t>(2 * (s.reads + s.writes)));
    EXPECT_GE(s.reads, read_lines);
    EXPECT_GE(s.writes, write_lines);
    const std::uint64_t lines = read_lines + write_lines;
    EXPECT_LE(s.reads + s.writes, service == BurstService::exact ? lines : lines + lines / 100);
  }
}

TEST(DramMemory, BurstSpreadsOverAllChannels) {
  MemorySpec spec;
  DramMemory memory(spec.dram, spec.bytes, BurstService::exact);
  memory.submit({0, 0, 0, 4096, false}, 0);
  const auto completions = drain(memory);
  for (int i = 0; i < memory.channels(); ++i) EXPECT_EQ(memory.channel(i).statistics().reads, 16u);
  // The first line takes 31 clocks, the other 15 of a channel follow at 2.
  EXPECT_EQ(completions.front().time, (31 + 15 * 2) * 1000);
}

TEST(DramMemory, PostedWriteCompletesOneClockAfterAcceptance) {
  MemorySpec spec;
  DramMemory memory(spec.dram, spec.bytes, BurstService::exact);
  std::vector<MemoryCompletion> completions;
  memory.submit({7, 0, 0, 64, true}, 5000);
  memory.advance(5000, completions);
  ASSERT_EQ(completions.size(), 1u);
  EXPECT_EQ(completions[0].id, 7u);
  EXPECT_TRUE(completions[0].write);
  EXPECT_EQ(completions[0].accepted, 5000);
  EXPECT_EQ(completions[0].time, 6000);
}

TEST(DramMemory, AtMostEightLinesEnterPerClock) {
  MemorySpec spec;
  DramMemory memory(spec.dram, spec.bytes, BurstService::exact);
  for (std::uint64_t i = 0; i < 24; ++i) {
    memory.submit({i, static_cast<int>(i % 3), i * 64, 64, true}, 0);
  }
  std::vector<MemoryCompletion> completions;
  memory.advance(0, completions);
  EXPECT_EQ(completions.size(), 8u);
  memory.advance(1000, completions);
  EXPECT_EQ(completions.size(), 16u);
  EXPECT_EQ(completions[8].accepted, 1000);
}

TEST(DramMemory, APortHasEightTurnsOfAStripeInARow) {
  MemorySpec spec;
  DramMemory memory(spec.dram, spec.bytes, BurstService::exact);
  memory.submit({0, 0, 0, 4096, true}, 0);
  for (std::uint64_t i = 1; i <= 9; ++i) {
    memory.submit({i, static_cast<int>(i), i << 20, 64, true}, 0);
  }
  std::map<std::uint64_t, Picoseconds> accepted;
  for (const MemoryCompletion& c : drain(memory)) accepted[c.id] = c.accepted;
  // 8 stripes of port 0 fill four clocks; a line each of ports 1 to 8 is the fifth.
  EXPECT_EQ(accepted[0], 0);
  EXPECT_EQ(accepted[1], 4000);
  EXPECT_EQ(accepted[8], 4000);
  EXPECT_EQ(accepted[9], 5000);
}

TEST(DramMemory, PortsTakeTurns) {
  MemorySpec spec;
  DramMemory memory(spec.dram, spec.bytes, BurstService::exact);
  const Outcome run = run_ports(memory, {{false, 0}, {false, (1ULL << 30) + 32768}}, 8, 4096, 4000);
  EXPECT_NEAR(run.bursts[0], run.bursts[1], 20);
}

TEST(DramMemory, WritersAndReadersShareTheMemory) {
  for (const BurstService service : {BurstService::exact, BurstService::runs}) {
    const auto memory = make_memory_timing(MemorySpec{}, service);
    const Outcome run = run_ports(*memory, {{false, 0}, {true, 1ULL << 30}}, 8, 4096, 4000);
    EXPECT_GT(run.bursts[0], 4000 * 2 / 5);
    EXPECT_GT(run.bursts[1], 4000 * 2 / 5);
  }
}

TEST(DramMemory, NeverAbovePeak) {
  for (const std::string name : {"hbm2", "ddr4_3200", "lpddr4_2400"}) {
    for (const BurstService service : {BurstService::exact, BurstService::runs}) {
      const auto memory = make_memory_timing(preset(name), service);
      const Outcome run = run_ports(*memory, {{false, 0}}, 16, 4096, 3000);
      EXPECT_LT(run.gbps, memory->peak_gbps()) << name;
      EXPECT_GT(run.gbps, memory->peak_gbps() * 0.9) << name;
    }
  }
}

TEST(DramMemory, PeaksOfThePresets) {
  EXPECT_NEAR(make_memory_timing(preset("hbm2"))->peak_gbps(), 128.0, 0.001);
  EXPECT_NEAR(make_memory_timing(preset("ddr4_3200"))->peak_gbps(), 102.4, 0.001);
  EXPECT_NEAR(make_memory_timing(preset("lpddr4_2400"))->peak_gbps(), 76.8, 0.001);
}

void expect_no_earlier_completion(BurstService service, std::uint64_t unit) {
  DramMemory memory(DramSpec{}, 4ULL << 30, service);
  std::vector<MemoryCompletion> known;
  std::uint64_t random = 7, completed = 0;
  Picoseconds now = 0;
  for (std::uint64_t id = 1; id <= 400; ++id) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::uint32_t bytes = 64U << (random >> 40) % 7;
    memory.submit({id, static_cast<int>(id % 3), (random >> 33) / unit * unit, bytes, id % 3 == 0},
                  now);
    for (std::uint64_t wakes = (random >> 50) % 4; wakes > 0; --wakes) {
      const Picoseconds next = memory.next_completion();
      if (next >= kNoEvent) break;
      ASSERT_GE(next, memory.next_event());
      now = std::max(now, next);
      known.clear();
      memory.advance(now, known);
      for (const MemoryCompletion& c : known) ASSERT_GE(c.time, next);
      completed += known.size();
    }
  }
  while (memory.next_completion() < kNoEvent) {
    known.clear();
    memory.advance(memory.next_completion(), known);
    completed += known.size();
  }
  EXPECT_EQ(completed, 400U);
}

TEST(DramMemory, NoCompletionIsEarlierThanAnnounced) {
  expect_no_earlier_completion(BurstService::exact, 64);
  expect_no_earlier_completion(BurstService::runs, 64);
  expect_no_earlier_completion(BurstService::runs, 256);
}

TEST(DramMemory, SameRequestsSameTimes) {
  const auto times = [] {
    const auto memory = make_memory_timing(MemorySpec{});
    return run_ports(*memory, {{false, 0}, {true, 1ULL << 30}, {false, 1ULL << 31}}, 4, 4096, 500)
        .end;
  };
  EXPECT_EQ(times(), times());
}

TEST(DramMemory, IdleTimeCostsNothingAndIsRefreshed) {
  MemorySpec spec;
  DramMemory memory(spec.dram, spec.bytes, BurstService::exact);
  const Picoseconds hour = 3600LL * 1000000000000LL;
  EXPECT_EQ(memory.next_event(), kNoEvent);
  memory.submit({0, 0, 0, 64, false}, hour);
  const auto completions = drain(memory);
  EXPECT_GE(completions.front().time, hour + 31000);
  EXPECT_LE(completions.front().time, hour + 31000 + 300000);
  EXPECT_EQ(memory.statistics().refreshes, 4u * static_cast<std::uint64_t>(hour / 3900000));
}

TEST(IdealMemory, LatencyAndBandwidth) {
  IdealMemory memory(IdealSpec{50.0, 128.0});
  memory.submit({0, 0, 0, 4096, false}, 0);
  memory.submit({1, 0, 4096, 4096, false}, 0);
  memory.submit({2, 0, 0, 4096, true}, 100000);
  const auto completions = drain(memory);
  ASSERT_EQ(completions.size(), 3u);
  EXPECT_EQ(completions[0].time, 32000 + 50000);
  EXPECT_EQ(completions[1].time, 64000 + 50000);
  EXPECT_EQ(completions[2].time, 132000) << "posted: no latency";
  EXPECT_EQ(memory.statistics().bytes(), 3u * 4096);
}

TEST(DramMemory, RejectsPortsOutOfRange) {
  DramMemory memory(DramSpec{}, 1 << 30, BurstService::exact);
  EXPECT_THROW(memory.submit({0, -1, 0, 64, false}, 0), InputError);
  EXPECT_THROW(memory.submit({0, DramMemory::kMaxPorts, 0, 64, false}, 0), InputError);
  memory.submit({0, DramMemory::kMaxPorts - 1, 0, 64, false}, 0);
  EXPECT_EQ(drain(memory).size(), 1u);
}

TEST(DramMemory, EveryPortHasItsTurn) {
  DramMemory memory(DramSpec{}, 1 << 30, BurstService::exact);
  constexpr int kEach = 3;
  std::uint64_t id = 0;
  for (int round = 0; round < kEach; ++round)
    for (int port = 0; port < DramMemory::kMaxPorts; ++port, ++id)
      memory.submit({id, port, id * 4096, 1024, id % 2 == 1}, 0);
  std::map<std::uint64_t, Picoseconds> accepted;
  for (const MemoryCompletion& c : drain(memory)) accepted[c.id] = c.accepted;
  ASSERT_EQ(accepted.size(), id);
  for (std::uint64_t later = DramMemory::kMaxPorts; later < id; ++later) {
    const std::uint64_t earlier = later - DramMemory::kMaxPorts;
    EXPECT_LT(accepted[earlier], accepted[later]) << "port " << later % DramMemory::kMaxPorts;
  }
}

TEST(IdealMemory, RejectsImpossibleValues) {
  EXPECT_THROW(IdealMemory(IdealSpec{50.0, 0.0}), InputError);
  EXPECT_THROW(IdealMemory(IdealSpec{-1.0, 128.0}), InputError);
}

}  // namespace
}  // namespace h2
