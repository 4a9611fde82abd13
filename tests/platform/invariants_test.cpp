// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "modules/h2learn/glb_plan.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/profile.h"
#include "tests/platform/card.h"
#include "tests/platform/random_config.h"
#include "tests/platform/traffic_counters.h"

// Laws that hold for every machine and network, on random small ones.

namespace h2 {
namespace {

std::string text_of(const Sets& sets) {
  std::string text;
  for (const Override& o : sets) text += " --set '" + o.path + "=" + o.value + "'";
  return text;
}

Sets with(Sets sets, const Sets& more) {
  sets.insert(sets.end(), more.begin(), more.end());
  return sets;
}

class RandomMachine : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  RandomMachine() : sets_(random_sets(GetParam())), trace_(__FILE__, __LINE__, text_of(sets_)) {}
  const Sets sets_;

 private:
  const ::testing::ScopedTrace trace_;
};

struct Timed {
  std::uint64_t cycles = 0;  ///< first descriptor to last completion
  std::vector<LayerRecord> jobs;
};

/// One group of two sub-batches on drawn masks.
Timed profile(const Sets& sets) {
  const Config config = tiny_config(sets);
  Platform::Options options;
  options.masks = drawn_masks(config);
  Bench bench(config, options);
  RunRecord record;
  Profile program(config, bench.platform, record);
  Timed timed;
  bench.run([&](HostCpu& host) { program(host); });
  timed.cycles = record.train_end.cycle - record.train_start.cycle;
  return timed;
}

/// The same on real data, with every job.
Timed train_group(const Config& config, const std::function<void(Platform&, const Timed&)>& look) {
  Bench bench(config);
  Timed timed;
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    bench.platform.controller.job_ended.add([&](const LayerRecord& r) { timed.jobs.push_back(r); });
    const auto samples = static_cast<std::uint32_t>(config.training.sub_batch);
    const std::uint64_t start = bench.platform.cycle();
    EXPECT_EQ(card.train(random_training_group(config, {samples, samples}, 5)), H2_OK);
    timed.cycles = bench.platform.cycle() - start;
    if (look) look(bench.platform, timed);
  });
  return timed;
}

TEST_P(RandomMachine, BytesAndTimeAreConserved) {
  const Config config = tiny_config(sets_);
  train_group(config, [&](Platform& platform, const Timed& timed) {
    // Sums over layers and jobs, those over engines and those over memories are the same.
    RunRecord record;
    for (const LayerRecord& r : timed.jobs) record.add(r);
    std::uint64_t bytes = 0;
    std::map<int, std::uint64_t> spent;
    for (const auto& [key, cost] : record.layers) {
      bytes += cost.total.bytes;
      spent[key.engine] += cost.total.cycles;
    }
    expect_conserved(engine_traffic(platform, bytes));
    int engine = 0;
    for (const JobEngine* e : platform.engines()) {
      const JobEngine::Stats s = e->stats();
      EXPECT_NEAR(static_cast<double>(s.busy_cycles + s.stall_cycles),
                  static_cast<double>(spent[engine++]), 2.0);
      const std::uint64_t sum = s.busy_cycles + s.stall_cycles + s.idle_cycles;
      // Each of the three is rounded down to whole cycles.
      EXPECT_LE(sum, platform.cycle());
      EXPECT_GE(sum + 2, platform.cycle());
    }
    const double seconds = sc_core::sc_time_stamp().to_seconds();
    for (const auto& memory : platform.memories) {
      const double moved =
          static_cast<double>(memory->stats().total_read() + memory->stats().total_write());
      EXPECT_LE(moved, memory->peak_gbps() * 1e9 * seconds);
    }
  });
}

TEST_P(RandomMachine, BetterMemoryOrBufferIsNeverSlower) {
  const Sets base = with(sets_, {{"memory.preset", "ideal"}});
  const double cycles = static_cast<double>(profile(base).cycles);
  const Sets better[] = {{{"memory.ideal.bandwidth_gbps", "256"}},
                         {{"memory.ideal.latency_ns", "10"}},
                         {{"glb.forward.bytes", "4000000"}},
                         {{"glb.weight_update.bytes", "16000000"}},
                         {{"glb.backward.bytes", "32000000"}}};
  for (const Sets& change : better) {
    EXPECT_LE(profile(with(base, change)).cycles, cycles * 1.01) << change.front().path;
  }
}

/// Buffers of exactly the planned bytes are enough.
TEST_P(RandomMachine, WhatIsPlannedFits) {
  const Config config = tiny_config(sets_);
  const GlbPlan plan = plan_glb(config.machine, config.network, config.training.sub_batch);
  const auto bytes = [](const GlbDemand& d) {
    return std::to_string(std::max<std::uint64_t>(d.total(), 1024));
  };
  const Timed timed = profile(with(sets_, {{"glb.forward.bytes", bytes(plan.forward)},
                                           {"glb.weight_update.bytes", bytes(plan.weight_update)},
                                           {"glb.backward.bytes", bytes(plan.backward)}}));
  EXPECT_GT(timed.cycles, 0U);
}

/// With a memory that takes no time, a group takes the compute cycles of its longest chain of jobs:
/// the forward passes, then layer by layer backward and, behind it, weight gradient, then update.
TEST_P(RandomMachine, WithoutMemoryTimeTheCriticalPathIsLeft) {
  const Config config = tiny_config(with(sets_, {{"memory.preset", "ideal"},
                                                 {"memory.ideal.latency_ns", "0"},
                                                 {"memory.ideal.bandwidth_gbps", "1000000"},
                                                 {"pipeline.overlap", "false"},
                                                 {"host.cycles_per_sub_batch", "0"}}));
  const Timed timed = train_group(config, nullptr);
  // Jobs are listed as they end. The n-th weight gradient of a sub-batch follows its n-th backward.
  std::uint64_t forward = 0, backward = 0, weight = 0;
  std::vector<std::uint64_t> gradients;
  std::size_t taken = 0;
  for (const LayerRecord& r : timed.jobs) {
    const std::uint64_t compute = r.job.compute_cycles;
    if (r.opcode == H2_OP_BACKWARD) {
      gradients.push_back(backward += compute);
    } else if (r.opcode == H2_OP_WEIGHT_GRADIENT) {
      weight = std::max(weight, gradients.at(taken++)) + compute;
    } else if (r.opcode == H2_OP_UPDATE) {  // between weight gradients and behind them
      weight += compute;
    } else {
      forward = backward = weight = std::max({forward, backward, weight}) + compute;
    }
  }
  const std::uint64_t critical = std::max({forward, backward, weight});
  EXPECT_GE(timed.cycles, critical);
  // What is left: register accesses of the host, and clock edges that arrivals wait for.
  EXPECT_LE(timed.cycles, critical + 4500);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMachine, ::testing::Range(1U, 17U));

}  // namespace
}  // namespace h2
