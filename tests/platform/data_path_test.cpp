// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/platform/card.h"
#include "tests/platform/simulation.h"
#include "tests/platform/traffic_counters.h"

// Results come out of the modelled hardware alone: every byte goes through the memories and every
// number through the engines.

namespace h2 {
namespace {

using Weights = std::vector<std::vector<std::uint8_t>>;
using OnJob = std::function<void(Platform&, Card&, const LayerRecord&)>;

struct Outcome {
  Weights weights;
  Traffic traffic;
  std::vector<LayerRecord> jobs;
  std::uint64_t cycles = 0;  ///< of the training
};

/// Trains one batch group of `sub_batches` and lets `on_job` look at every job that ends.
Outcome train_group(const Config& config, int sub_batches, const OnJob& on_job = nullptr,
                    const Platform::Options& options = {}) {
  Bench bench(config, options);
  Outcome outcome;
  const TrainingGroup training_group = random_training_group(
      config, std::vector<std::uint32_t>(sub_batches, config.training.sub_batch), 3);
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    std::uint64_t bytes = 0;
    bench.platform.controller.job_ended.add([&](const LayerRecord& r) {
      bytes += r.job.bytes;
      outcome.jobs.push_back(r);
      if (on_job) on_job(bench.platform, card, r);
    });
    const std::uint64_t start = bench.platform.cycle();
    EXPECT_EQ(card.train(training_group), H2_OK);
    outcome.cycles = bench.platform.cycle() - start;
    outcome.traffic = engine_traffic(bench.platform, bytes);
    outcome.weights = card.weights();
  });
  return outcome;
}

/// Calls `act` once, when the forward pass of sub-batch `index` has ended.
OnJob after_forward(const Config& config, int index, std::function<void(Platform&, Card&)> act) {
  const int last = static_cast<int>(config.network.layers.size()) - 1;
  auto seen = std::make_shared<int>(0);
  return [=](Platform& platform, Card& card, const LayerRecord& r) {
    if (r.opcode != H2_OP_FORWARD || r.job.layer_index != last) return;
    if ((*seen)++ == index) act(platform, card);
  };
}

TEST(DataPath, MemoriesStartPoisoned) {
  const Config config = tiny_config();
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    const h2_bus bus = host.driver_bus();
    for (unsigned m = 0; m < 3; ++m) {
      std::vector<std::uint8_t> seen(300, 0);
      const std::uint64_t at = H2_MEM_BASE(m) + 123456;
      EXPECT_TRUE(host.debug(tlm::TLM_READ_COMMAND, at, seen.data(), seen.size()));
      EXPECT_EQ(seen, std::vector<std::uint8_t>(300, 0xFF));
      std::fill(seen.begin(), seen.end(), 0);
      EXPECT_EQ(bus.read(bus.context, at, seen.data(), seen.size()), 0);
      EXPECT_EQ(seen, std::vector<std::uint8_t>(300, 0xFF));
    }
  });
}

/// One byte of a tensor that the forward pass left behind, changed without the card seeing it.
struct Tampering {
  const char* name;
  unsigned memory;
  std::uint64_t h2_layer::*tensor;
  std::uint64_t offset;
  std::uint8_t bits;  ///< that are flipped
};

class Tampered : public ::testing::TestWithParam<Tampering> {};

TEST_P(Tampered, ByteChangesTheWeights) {
  const Tampering& p = GetParam();
  const Config config = tiny_config();
  const Weights untouched = train_group(config, 2).weights;
  const auto flip = [&](Platform& platform, Card& card) {
    const std::uint64_t at = H2_MEM_BASE(p.memory) + card.device.layers[1].*p.tensor + p.offset;
    std::uint8_t byte = 0;
    EXPECT_TRUE(platform.host.debug(tlm::TLM_READ_COMMAND, at, &byte, 1));
    byte ^= p.bits;
    EXPECT_TRUE(platform.host.debug(tlm::TLM_WRITE_COMMAND, at, &byte, 1));
  };
  const auto no_op = [](Platform&, Card&) {};
  const int sub_batch = static_cast<int>(p.memory);
  EXPECT_TRUE(train_group(config, 2, after_forward(config, sub_batch, no_op)).weights == untouched);
  EXPECT_FALSE(train_group(config, 2, after_forward(config, sub_batch, flip)).weights == untouched);
}

INSTANTIATE_TEST_SUITE_P(
    Tensors, Tampered,
    ::testing::Values(Tampering{"SpikesInMem0", 0, &h2_layer::spikes, 40, 0xFF},
                      Tampering{"SpikesInMem1", 1, &h2_layer::spikes, 1, 0xFF},
                      Tampering{"PooledInMem0", 0, &h2_layer::pooled, 1, 0x3C},
                      Tampering{"PooledInMem1", 1, &h2_layer::pooled, 1, 0x3C},
                      Tampering{"PotentialInMem0", 0, &h2_layer::potential, 121, 0x04},
                      Tampering{"PotentialInMem1", 1, &h2_layer::potential, 21, 0x04}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DataPath, LookUpTablesMakeTheResult) {
  const Config config = tiny_config();
  const Weights healthy = train_group(config, 2).weights;
  for (int layer = 0; layer < 4; ++layer) {
    Platform::Options options;
    // A convolution's entry for the first tap; an FC layer's entry for silent inputs.
    options.fault = LutFault{layer, 1, 1, 0, layer < 2 ? 1 : 0, layer < 2 ? 12 : 14};
    EXPECT_FALSE(train_group(config, 2, nullptr, options).weights == healthy) << "layer " << layer;
  }
  Platform::Options options;
  options.fault = LutFault{17, 0, 0, 0, 1, 12};
  EXPECT_TRUE(train_group(config, 2, nullptr, options).weights == healthy);
}

using Interval = std::pair<std::uint64_t, std::uint64_t>;

/// Busy intervals of one engine, joined, ascending.
std::vector<Interval> intervals(const std::vector<LayerRecord>& jobs, int engine) {
  std::vector<Interval> all;
  for (const LayerRecord& r : jobs) {
    if (r.engine == engine) all.emplace_back(r.job.start_cycle, r.job.start_cycle + r.job.cycles);
  }
  return all;
}

std::uint64_t length(const std::vector<Interval>& all) {
  std::uint64_t sum = 0;
  for (const Interval& i : all) sum += i.second - i.first;
  return sum;
}

std::uint64_t overlap(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::uint64_t sum = 0;
  for (const Interval& i : a)
    for (const Interval& j : b) {
      const std::uint64_t from = std::max(i.first, j.first), to = std::min(i.second, j.second);
      if (to > from) sum += to - from;
    }
  return sum;
}

/// A network whose backward pass is longer than the other two: nothing else holds the pipeline up.
TEST(DataPath, ForwardRunsBesideBackward) {
  Sets sets{{"network.layers", "16C3-64C3-64C3-10FC"},
            {"network.input.height", "16"},
            {"network.input.width", "16"},
            {"engines.backward.sparsity", "none"}};
  const Outcome together = train_group(tiny_config(sets), 8);
  const auto forward = intervals(together.jobs, 0), backward = intervals(together.jobs, 1);
  const std::uint64_t shorter = std::min(length(forward), length(backward));
  EXPECT_GE(2 * overlap(forward, backward), shorter);

  sets.push_back({"pipeline.overlap", "false"});
  const Outcome apart = train_group(tiny_config(sets), 8);
  EXPECT_EQ(overlap(intervals(apart.jobs, 0), intervals(apart.jobs, 1)), 0U);
  EXPECT_EQ(overlap(intervals(apart.jobs, 0), intervals(apart.jobs, 2)), 0U);
  EXPECT_GT(apart.cycles, together.cycles + shorter / 2);
  EXPECT_TRUE(apart.weights == together.weights);
}

TEST(DataPath, JobsOfOneEngineNeverOverlap) {
  const Outcome outcome = train_group(tiny_config(), 4);
  for (int engine = 0; engine < 3; ++engine) {
    auto all = intervals(outcome.jobs, engine);
    ASSERT_FALSE(all.empty());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LE(all[i - 1].second, all[i].first);
  }
}

TEST(DataPath, EveryProbeCountsTheSameBytes) {
  for (const char* numerics : {"fp16", "fp32"}) {
    for (const char* organisation : {"split", "unified"}) {
      SCOPED_TRACE(std::string(numerics) + " " + organisation);
      const Config config = tiny_config({{"numerics", numerics},
                                         {"memory.organisation", organisation},
                                         {"memory.compress_gradients", "true"}});
      expect_conserved(train_group(config, 2).traffic);
    }
  }
}

/// FP32 is stored in 4 bytes and charged as 2.
TEST(DataPath, Fp32IsChargedAsFp16) {
  const Sets ideal{{"memory.preset", "ideal"}, {"engines.backward.sparsity", "none"}};
  Sets wide = ideal;
  wide.push_back({"numerics", "fp32"});
  const auto dense = [](const Outcome& o) {  // masks differ, weights and FC tensors do not
    std::uint64_t sum = 0;
    for (const LayerRecord& r : o.jobs) sum += r.opcode == H2_OP_UPDATE ? r.job.bytes : 0;
    return sum;
  };
  const Outcome half = train_group(tiny_config(ideal), 2),
                single = train_group(tiny_config(wide), 2);
  EXPECT_EQ(dense(half), dense(single));
  EXPECT_GT(dense(half), 0U);
}

TEST(DataPath, LostBurstShows) {
  const Config config = tiny_config();
  const Outcome whole = train_group(config, 2);
  bool lost = false;
  const Outcome lossy = train_group(config, 2, [&](Platform& platform, Card&, const LayerRecord&) {
    if (!lost) platform.memories[0]->drop(1);  // the next burst is the second layer's
    lost = true;
  });
  EXPECT_FALSE(lossy.weights == whole.weights);
  EXPECT_EQ(lossy.traffic.jobs, lossy.traffic.ports);
  EXPECT_LT(lossy.traffic.memories, lossy.traffic.ports);
}

}  // namespace
}  // namespace h2
