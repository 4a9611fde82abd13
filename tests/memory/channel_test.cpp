// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "memory/dram/channel_schedule.h"
#include "platform/config/presets.h"
#include "tests/memory/ticking_channel.h"

namespace h2 {
namespace {

using test::CommandHistory;
using test::Issued;
using test::TickingChannel;
using test::TimedRequest;

DramSpec preset(const std::string& name) {
  MemorySpec memory;
  apply_memory_preset(memory, name);
  return memory.dram;
}

Clock run_gap(const DramSpec& spec) { return DramTiming(spec).cas_gap_s; }

struct Mix {
  const char* name;
  const char* device;
  double write_share;
  double same_row;       ///< chance that a request stays in the row of the one before
  double arrival_share;  ///< chance of an arrival per clock
  int ranks;
};

/// Requests with random banks, rows, directions, and arrivals with pauses.
std::vector<TimedRequest> random_requests(const Mix& mix, const DramSpec& spec, int count) {
  std::mt19937 random(17);
  std::uniform_real_distribution<> chance;
  const int banks = spec.ranks * spec.bank_groups * spec.banks_per_group;
  std::vector<TimedRequest> requests;
  TimedRequest r;
  for (int i = 0; i < count; ++i) {
    r.id = static_cast<std::uint32_t>(i);
    while (chance(random) > mix.arrival_share) ++r.arrival;
    if (chance(random) < 0.001) r.arrival += 3 * spec.trefi;
    r.write = chance(random) < mix.write_share;
    if (chance(random) > mix.same_row) {
      r.bank = static_cast<int>(random() % static_cast<unsigned>(banks));
      r.row = static_cast<std::int64_t>(random() % 3);
    }
    requests.push_back(r);
  }
  return requests;
}

/// As fast as the queues take them, to few banks `stride` apart, each with a row that most requests
/// go to: hits keep conflicts waiting until these have waited long enough.
std::vector<TimedRequest> crowded_requests(int seed, int count, int stride) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uniform_real_distribution<> chance;
  const double write_share = chance(random), same_row = chance(random);
  const unsigned banks = 2 + random() % 6;
  std::vector<std::int64_t> favourite(banks);
  std::vector<TimedRequest> requests;
  for (int i = 0; i < count; ++i) {
    TimedRequest r;
    r.id = static_cast<std::uint32_t>(i);
    r.write = chance(random) < write_share;
    r.bank = static_cast<int>(random() % banks) * stride;
    std::int64_t& row = favourite[static_cast<std::size_t>(r.bank / stride)];
    if (chance(random) > same_row) row = static_cast<std::int64_t>(random() % 3);
    r.row = chance(random) < 0.7 ? row : static_cast<std::int64_t>(random() % 3);
    requests.push_back(r);
  }
  return requests;
}

/// Issues every command up to and including clock `until`.
void advance(DramChannel& channel, Clock until, std::vector<DramServed>& served) {
  channel.advance(until, [&](const DramServed& s) { served.push_back(s); });
}

using Finish = std::map<std::uint32_t, Clock>;

/// Column commands' clocks, by request; a request waits for space in its queue, in order.
Finish run_ticking(const DramSpec& spec, const std::vector<TimedRequest>& requests) {
  TickingChannel channel(spec);
  Finish finish;
  std::size_t next = 0;
  for (Clock now = 0; next < requests.size() || !channel.idle(); ++now) {
    if (const auto done = channel.tick(now)) finish[done->id] = now;
    while (next < requests.size() && requests[next].arrival <= now &&
           channel.can_accept(requests[next].write)) {
      TimedRequest r = requests[next++];
      r.arrival = now;
      channel.accept(r);
    }
  }
  return finish;
}

Finish run_events(DramChannel& channel, const std::vector<TimedRequest>& requests) {
  Finish finish;
  std::vector<DramServed> served;
  const auto collect = [&] {
    for (const DramServed& s : served) {
      const DramTiming& t = channel.timing();
      finish[s.owner] = s.data_end - (s.write ? t.write_latency : t.read_latency);
    }
    served.clear();
  };
  Clock now = 0;
  for (const TimedRequest& r : requests) {
    now = std::max(now, r.arrival);
    advance(channel, now, served);
    while (!channel.can_accept(r.write, 1)) {
      now = channel.next_command();
      advance(channel, now, served);
    }
    channel.push(r.write, {r.id, r.bank, r.row, 1}, now);
  }
  advance(channel, kNever - 1, served);
  collect();
  return finish;
}

class MixTest : public ::testing::TestWithParam<Mix> {
 protected:
  MixTest() : spec_(preset(GetParam().device)) { spec_.ranks = GetParam().ranks; }
  DramSpec spec_;
};

TEST_P(MixTest, SameClocksAsATickingController) {
  const auto requests = random_requests(GetParam(), spec_, 1500);
  DramChannel channel(spec_, run_gap(spec_));
  const Finish events = run_events(channel, requests);
  const Finish ticks = run_ticking(spec_, requests);
  ASSERT_EQ(events.size(), requests.size());
  for (const auto& [id, clock] : ticks) {
    ASSERT_EQ(events.at(id), clock) << "request " << id << " of bank " << requests[id].bank;
  }
}

TEST_P(MixTest, EveryCommandKeepsEveryDistance) {
  DramChannel channel(spec_, run_gap(spec_));
  CommandHistory history(spec_);
  int illegal = 0, commands = 0;
  channel.observe([&](Command command, int bank, std::int64_t, Clock at) {
    illegal += !history.allowed({command, bank, at});
    history.add({command, bank, at});
    ++commands;
  });
  const auto requests = random_requests(GetParam(), spec_, 6000);
  run_events(channel, requests);
  EXPECT_EQ(illegal, 0);
  EXPECT_GE(commands, 6000);
  const DramStatistics& s = channel.statistics();
  EXPECT_EQ(s.reads + s.writes, requests.size());
  EXPECT_EQ(s.row_misses + s.row_conflicts, s.activates);
  EXPECT_EQ(s.row_conflicts, s.precharges);
  EXPECT_EQ(s.row_hits + s.activates, requests.size() + s.unused_activates);
}

INSTANTIATE_TEST_SUITE_P(Random, MixTest,
                         ::testing::Values(Mix{"reads", "hbm2", 0.0, 0.0, 0.5, 1},
                                           Mix{"writes", "hbm2", 1.0, 0.0, 0.5, 1},
                                           Mix{"mixed", "hbm2", 0.5, 0.5, 0.9, 1},
                                           Mix{"mixed_sparse", "hbm2", 0.3, 0.3, 0.03, 1},
                                           Mix{"local", "hbm2", 0.5, 0.95, 0.9, 1},
                                           Mix{"two_ranks", "hbm2", 0.4, 0.6, 0.6, 2},
                                           Mix{"ddr4", "ddr4_3200", 0.4, 0.6, 0.3, 1},
                                           Mix{"lpddr4", "lpddr4_2400", 0.4, 0.6, 0.2, 1}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(DramChannel, SameClocksAsATickingControllerInACrowd) {
  const std::pair<const char*, int> devices[] = {
      {"hbm2", 1}, {"hbm2", 4}, {"ddr4_3200", 1}, {"ddr4_3200", 2}, {"lpddr4_2400", 1}};
  for (const auto& [device, ranks] : devices) {
    DramSpec spec = preset(device);
    spec.ranks = ranks;
    for (int seed = 0; seed < 20; ++seed) {
      // Several ranks: of each some banks.
      const auto requests = crowded_requests(seed, 1500, ranks > 1 ? 5 : 1);
      DramChannel channel(spec, run_gap(spec));
      EXPECT_TRUE(run_events(channel, requests) == run_ticking(spec, requests))
          << device << ", ranks " << ranks << ", seed " << seed;
    }
  }
}

TEST(DramChannel, IdleLatencies) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  const auto latency = [&](std::int64_t row, Clock at) {
    channel.push(false, {0, 0, row, 1}, at);
    served.clear();
    advance(channel, kNever - 1, served);
    return served.front().data_end - at;
  };
  EXPECT_EQ(latency(5, 0), 31) << "closed: 1 + tRCD + CL + burst";
  EXPECT_EQ(latency(5, 100), 17) << "hit: 1 + CL + burst";
  EXPECT_EQ(latency(6, 200), 45) << "conflict: 1 + tRP + tRCD + CL + burst";
  EXPECT_EQ(latency(6, 5000), 31) << "the refresh at 3900 has closed the row";
  EXPECT_EQ(channel.statistics().row_misses, 2u);
  EXPECT_EQ(channel.statistics().row_hits, 1u);
  EXPECT_EQ(channel.statistics().row_conflicts, 1u);
}

TEST(DramChannel, RowsThatARefreshClosesUnusedAreOpenedTwice) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  // Opened 3 clocks before the refresh, the row could be written 14 later and closed 22 after that,
  // which would delay the precharge 34 after the opening.
  channel.push(true, {0, 0, 5, 1}, 3896);
  advance(channel, kNever - 1, served);
  const DramStatistics s = channel.statistics();
  EXPECT_EQ(s.writes, 1U);
  EXPECT_EQ(s.activates, 2U);
  EXPECT_EQ(s.row_misses, 2U);
  EXPECT_EQ(s.unused_activates, 1U);
  EXPECT_EQ(s.row_hits, 0U);
}

TEST(DramChannel, AccessDuringRefreshWaitsForItsEnd) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  channel.push(false, {0, 0, 5, 1}, 3950);
  advance(channel, kNever - 1, served);
  EXPECT_EQ(served.front().data_end, 3900 + 260 + 14 + 14 + 2);
}

TEST(DramChannel, LongPauseCountsItsRefreshes) {
  DramChannel channel(DramSpec{}, 2);
  const Clock pause = 3900LL * 1000000;
  channel.catch_up(pause + 10);
  EXPECT_EQ(channel.statistics().refreshes, 1000000u);
  std::vector<DramServed> served;
  channel.push(false, {0, 0, 5, 1}, pause + 1000);
  advance(channel, kNever - 1, served);
  EXPECT_EQ(served.front().data_end, pause + 1000 + 31);
}

TEST(DramChannel, PostedWritesWaitForTheirBatch) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  Clock now = 0;
  std::uint32_t id = 0;
  // One read per 4 clocks keeps the read queue from running empty in clocks 40 to 200.
  for (int i = 0; i < 10; ++i) channel.push(false, {id++, 0, 0, 1}, now);
  for (; now < 40; now += 2) {
    advance(channel, now, served);
    channel.push(false, {id++, 0, 0, 1}, now);
    channel.push(true, {id++, 4, 0, 1}, now);
  }
  advance(channel, now, served);
  for (const DramServed& s : served) EXPECT_FALSE(s.write) << "20 of 32 writes: below 80 %";
}

TEST(DramChannel, NeitherDirectionStarvesTheOther) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  std::uint32_t id = 0;
  // Both directions refill their queue at once, for ever.
  for (Clock now = 0; now < 100000; now = channel.next_command()) {
    advance(channel, now, served);
    while (channel.can_accept(false, 1)) channel.push(false, {id++, 0, 0, 1}, now);
    while (channel.can_accept(true, 1)) channel.push(true, {id++, 4, 0, 1}, now);
  }
  const DramStatistics& s = channel.statistics();
  EXPECT_GT(s.reads, (s.reads + s.writes) * 2 / 5);
  EXPECT_GT(s.writes, (s.reads + s.writes) * 2 / 5);
  Clock longest = 0;
  for (const DramServed& r : served) longest = std::max(longest, r.data_end - r.accepted);
  EXPECT_LT(longest, 1000) << "at most a batch, a refresh and the queue";
}

TEST(DramChannel, HitsDoNotStarveAConflictForEver) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  channel.push(false, {0, 0, 1, 1}, 0);
  channel.push(false, {1, 0, 2, 1}, 0);
  for (Clock now = 0; now < 3000; now = channel.next_command()) {
    advance(channel, now, served);
    while (channel.can_accept(false, 1)) channel.push(false, {2, 0, 1, 1}, now);
  }
  Clock conflict = 0;
  for (const DramServed& r : served) {
    if (r.owner == 1) conflict = r.data_end;
  }
  EXPECT_GT(conflict, DramChannel::kLongestWait) << "row hits come first";
  EXPECT_LT(conflict, DramChannel::kLongestWait + 200);
}

TEST(DramChannel, YoungerHitsDoNotKeepTheRowFromAConflict) {
  DramChannel channel(DramSpec{}, 2);
  std::vector<DramServed> served;
  channel.push(false, {0, 0, 1, 1}, 0);
  channel.push(false, {1, 0, 2, 1}, 0);
  // Another hit comes every 20 clocks; in between the row may be closed, 34 after it was opened.
  for (Clock now = 20; now < 300; now += 20) {
    advance(channel, now, served);
    channel.push(false, {2, 0, 1, 1}, now);
  }
  Clock conflict = 0;
  for (const DramServed& r : served) {
    if (r.owner == 1) conflict = r.data_end;
  }
  EXPECT_EQ(conflict, 1 + 34 + 14 + 14 + 14 + 2);
}

TEST(DramChannel, QueueCapacityCountsLines) {
  DramChannel channel(DramSpec{}, 2);
  EXPECT_TRUE(channel.can_accept(false, 32));
  EXPECT_FALSE(channel.can_accept(false, 33));
  channel.push(false, {0, 0, 0, 8}, 0);
  EXPECT_TRUE(channel.can_accept(false, 24));
  EXPECT_FALSE(channel.can_accept(false, 25));
  EXPECT_TRUE(channel.can_accept(true, 32)) << "the write buffer is its own";
}

}  // namespace
}  // namespace h2
