// SPDX-License-Identifier: Apache-2.0
#include "platform/host/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "modules/base/error.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/recorded_masks.h"
#include "tests/platform/golden.h"
#include "tests/platform/jobs_alone.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

RunRecord profile(const Config& config, const MaskFactory& masks) {
  Platform::Options options;
  options.masks = masks;
  Bench bench(config, options);
  RunRecord record;
  Profile program(config, bench.platform, record);
  bench.run([&](HostCpu& host) { program(host); });
  return record;
}

RunRecord profile(const Sets& sets) {
  const Config config = tiny_config(sets);
  return profile(config, drawn_masks(config));
}

/// With a convolution above a convolution, so that masks drive the Backward Engine.
RunRecord profile_convolutions(Sets sets) {
  sets.insert(sets.begin(), {"network.layers", "16C3(Encoding)-16C3-10FC"});
  return profile(sets);
}

std::uint64_t elapsed(const RunRecord& r) { return r.train_end.cycle - r.train_start.cycle; }

std::uint64_t backward_compute(const RunRecord& r) {
  std::uint64_t sum = 0;
  for (const auto& [key, cost] : r.layers) {
    if (cost.engine == 1) sum += cost.last.compute_cycles;
  }
  return sum;
}

TEST_F(Golden, ProfileOnRecordedMasksTakesTheCyclesOfTheTraining) {
  for (const char* pool : {"after_soma", "before_soma"}) {
    const Sets sets{{"dataset.train_limit", "8"},  {"dataset.test_limit", "2"},
                    {"training.batch_group", "2"}, {"network.pool", pool},
                    {"profile.sub_batches", "4"},  {"profile.masks", folder_.string()}};
    const Config config = tiny_config(sets);
    const TrainingRun trained = record(config, {0, 1, 2, 3});
    const RunRecord profiled = profile(config, recorded_masks(config));
    EXPECT_EQ(elapsed(trained.record), elapsed(profiled));
    ASSERT_EQ(trained.record.layers.size(), profiled.layers.size());
    for (const auto& [key, cost] : profiled.layers) {
      const JobRecord& real = trained.record.layers.at(key).last;
      EXPECT_EQ(cost.last.cycles, real.cycles) << cost.last.layer;
      EXPECT_EQ(cost.last.bytes, real.bytes) << cost.last.layer;
      EXPECT_EQ(cost.last.executed_macs, real.executed_macs) << cost.last.layer;
      EXPECT_TRUE(cost.last.events == real.events) << cost.last.layer;
    }
  }
}

TEST(Profile, SkippingZerosSavesCyclesInTheOrderOfThePaper) {
  std::map<std::string, std::uint64_t> cycles;
  for (const char* sparsity : {"none", "input", "output", "both"}) {
    cycles[sparsity] =
        backward_compute(profile_convolutions({{"engines.backward.sparsity", sparsity}}));
  }
  EXPECT_LT(cycles["both"], cycles["input"]);
  EXPECT_LT(cycles["both"], cycles["output"]);
  EXPECT_LT(cycles["input"], cycles["none"]);
  EXPECT_LT(cycles["output"], cycles["none"]);
}

TEST(Profile, DensityAndClusteringDriveTheBackwardEngine) {
  const auto at = [](const char* density) {
    return backward_compute(profile_convolutions({{"profile.gradient_density", density}}));
  };
  EXPECT_LT(at("0.05"), at("0.25"));
  EXPECT_LT(at("0.25"), at("0.9"));
  const auto spread = profile_convolutions({});
  const auto clustered = profile_convolutions({{"profile.clustering", "sample"}});
  EXPECT_NE(backward_compute(spread), backward_compute(clustered));
}

TEST(Profile, BetterMemoryIsNeverSlower) {
  const auto with = [](const Sets& sets) { return static_cast<double>(elapsed(profile(sets))); };
  const Override ideal{"memory.preset", "ideal"};
  const double base = with({ideal});
  EXPECT_LE(with({ideal, {"memory.ideal.bandwidth_gbps", "256"}}), base * 1.01);
  EXPECT_LE(with({ideal, {"memory.ideal.latency_ns", "10"}}), base * 1.01);
  EXPECT_LE(with({{"memory.preset", "hbm2"}}), with({{"memory.preset", "ddr4_3200"}}) * 1.01);
}

TEST(Profile, WithoutMemoryTimeOnlyComputeIsLeft) {
  const RunRecord r = profile({{"memory.preset", "ideal"},
                               {"memory.ideal.latency_ns", "0"},
                               {"memory.ideal.bandwidth_gbps", "1000000"}});
  for (const auto& [key, cost] : r.layers) {
    // Arrivals are taken at the next clock edge: a chunk may wait a cycle or two.
    EXPECT_LE(cost.last.cycles, cost.last.compute_cycles * 1.05 + 64) << cost.last.layer;
  }
}

/// Jobs of the layer over the larger of their compute cycles and their bytes at 160 B per cycle.
std::map<int, double> over_bound(const Sets& sets) {
  std::map<int, double> over;
  for (const LayerRecord& r : jobs_alone(layer_of_figure_14(sets), H2_OP_WEIGHT_GRADIENT)) {
    if (r.job.macs == 0 || r.job.layer != "conv2") continue;
    const double bound =
        std::max(static_cast<double>(r.job.compute_cycles), static_cast<double>(r.job.bytes) / 160);
    over[r.engine] = static_cast<double>(r.job.cycles) / bound;
  }
  return over;
}

/// The layer of the paper's scaling figure, at 75 % zeros: loads run far enough ahead.
TEST(Profile, LayerOfFigure14IsNearItsBound) {
  const auto ideal = over_bound({{"memory.preset", "ideal"},
                                 {"memory.ideal.bandwidth_gbps", "128"},
                                 {"memory.ideal.latency_ns", "0"}});
  const auto hbm2 = over_bound({{"memory.preset", "hbm2"}});
  ASSERT_EQ(ideal.size(), 3U);
  ASSERT_EQ(hbm2.size(), 3U);
  for (const auto& [engine, over] : ideal) EXPECT_LE(over, 1.05) << engine;
  for (const auto& [engine, over] : hbm2) EXPECT_LE(over, 1.10) << engine;
}

TEST(Profile, NetworkMayEndInAConvolutionAndReadEvents) {
  const RunRecord r = profile({{"network.layers", "32C3-32C3"},
                               {"network.input.channels", "32"},
                               {"network.input.height", "8"},
                               {"network.input.width", "8"}});
  // Forward, weight gradient and update twice, backward once, Grad once.
  EXPECT_EQ(r.layers.size(), 8U);
  EXPECT_GT(r.steady_cycles_per_sub_batch, 0);
}

TEST(Profile, CompressedGradientsMoveFewerBytes) {
  const auto moved = [](const char* compress) {
    const RunRecord r = profile({{"memory.compress_gradients", compress}});
    return r.train_end.memories[0].read + r.train_end.memories[0].written;
  };
  EXPECT_LT(moved("true"), moved("false"));
}

TEST(Profile, SameSeedSameCycles) {
  const auto cycles = [](const char* seed) {
    return backward_compute(profile_convolutions({{"training.seed", seed}}));
  };
  EXPECT_EQ(cycles("1"), cycles("1"));
  EXPECT_NE(cycles("1"), cycles("9"));
}

TEST(RecordedMasks, BadFolderIsNamed) {
  const Config config = tiny_config({{"profile.masks", "/nowhere"}});
  try {
    recorded_masks(config);
    FAIL();
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("/nowhere"), std::string::npos);
  }
}

}  // namespace
}  // namespace h2
