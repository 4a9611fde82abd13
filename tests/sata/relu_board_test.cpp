// SPDX-License-Identifier: Apache-2.0
// sata.ann on the board: weights after training steps against scalar code, gates, what is refused,
// learning.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "modules/arithmetic/fp16.h"
#include "modules/contract/sata_contract.h"
#include "modules/sata/event_counts.h"
#include "tests/platform/simulation.h"
#include "tests/sata/relu_model.h"

namespace h2::relu_networks {
namespace {

using Weights = std::vector<std::vector<float>>;

Config relu_config(const Sets& sets) {
  Sets all{{"network.layers", "8C3(Encoding)-AP2-16C3-AP2-32FC-10FC"},
           {"network.timesteps", "1"},
           {"network.pool", "before_soma"},
           {"network.input.channels", "2"},
           {"network.input.height", "9"},
           {"network.input.width", "11"},
           {"training.sub_batch", "2"},
           {"training.batch_group", "2"},
           {"training.loss_scale", "1024"},
           {"sata.ann", "true"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return load_config(H2_SOURCE_DIR "/configs/sata.yaml", all);
}

Weights values_of(const std::vector<std::vector<std::uint8_t>>& stored, std::size_t bytes) {
  Weights all;
  for (const auto& layer : stored) {
    all.emplace_back(layer.size() / bytes);
    for (std::size_t i = 0; i < all.back().size(); ++i) {
      std::uint16_t half = 0;
      std::memcpy(bytes == 2 ? static_cast<void*>(&half) : &all.back()[i], &layer[i * bytes],
                  bytes);
      if (bytes == 2) all.back()[i] = from_fp16(half);
    }
  }
  return all;
}

struct Trained {
  Weights before, after;
  double loss = 0;
  EventCounts events;
  std::uint64_t cycles = 0;
};

Trained train_groups(const Config& config, const std::vector<TrainingGroup>& groups,
                     std::optional<std::uint32_t> gates = {}) {
  Bench bench(config);
  Trained t;
  bench.platform.controller.job_ended.add([&](const LayerRecord& r) { t.events += r.job.events; });
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    const std::size_t bytes = bytes_of(config.machine.numerics);
    if (gates) {
      EXPECT_TRUE(card.write_reg(H2_SATA_REG_GATES, *gates));
    }
    t.before = values_of(card.weights(), bytes);
    for (const TrainingGroup& group : groups) {
      EXPECT_EQ(card.train(group), H2_OK);
      t.loss = card.group.loss_sum;
    }
    t.after = values_of(card.weights(), bytes);
    t.cycles = bench.platform.cycle();
  });
  return t;
}

std::vector<TrainingGroup> two_groups(const Config& config) {
  return {random_training_group(config, {2, 1}, 7), random_training_group(config, {2, 2}, 8)};
}

float distance(const Weights& a, const Weights& b) {
  float most = 0;
  for (std::size_t l = 0; l < a.size(); ++l)
    for (std::size_t i = 0; i < a[l].size(); ++i) {
      most = std::max(most, std::abs(a[l][i] - b[l][i]));
    }
  return most;
}

struct Case {
  const char* name;
  Sets sets;
};

class SataRelu : public ::testing::TestWithParam<Case> {};

TEST_P(SataRelu, TrainsToTheBitsOfScalarCode) {
  for (const char* numerics : {"fp16", "fp32"}) {
    SCOPED_TRACE(numerics);
    Sets sets = GetParam().sets;
    sets.push_back({"numerics", numerics});
    const Config config = relu_config(sets);
    const std::vector<TrainingGroup> groups = two_groups(config);
    const Trained board = train_groups(config, groups);
    ReluModel model(config, false);
    EXPECT_EQ(board.before, model.weights());
    for (const TrainingGroup& group : groups) model.train(group);
    EXPECT_EQ(board.loss, model.loss());
    EXPECT_EQ(board.after, model.weights());
    EXPECT_EQ(board.events[kSpikeMacs] + board.events[kLifUpdates], 0U);
    for (std::size_t l = 0; l < board.after.size(); ++l) {
      EXPECT_NE(board.after[l], board.before[l]) << config.network.layers[l].name;
    }
  }
}

const Case kCases[] = {
    {"pooled", {}},
    {"cross_entropy", {{"training.loss", "cross_entropy"}, {"training.optimizer", "adam"}}},
    {"strides", {{"network.layers", "20C5S2(Encoding)-33C3-17FC-10FC"}}},
    {"events", {{"network.layers", "18C3-AP2-16C3S2-10FC"}}},
    {"small_buffers",
     {{"network.layers", "40C3(Encoding)-50C3-AP2-70FC-10FC"},
      {"sata.buffers.spikes.bytes", "4608"},
      {"sata.buffers.potentials.bytes", "16384"},
      {"sata.buffers.weights.bytes", "40960"},
      {"sata.buffers.gradients.bytes", "24576"},
      {"sata.buffers.mask.bytes", "2048"}}},
};
INSTANTIATE_TEST_SUITE_P(Networks, SataRelu, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

// FP32 sums one after another against sums in double.
TEST(SataReluOnce, Fp32StaysCloseToExactSums) {
  const Config config = relu_config({{"numerics", "fp32"}});
  const std::vector<TrainingGroup> groups{random_training_group(config, {2, 2}, 11)};
  const Trained board = train_groups(config, groups);
  ReluModel exact(config, true);
  exact.train(groups.front());
  EXPECT_LT(distance(board.after, exact.weights()), 2e-6F);
  EXPECT_GT(distance(board.after, board.before), 1e-4F);
}

TEST(SataReluOnce, GatesChangeNoBitAndNoCycle) {
  const Config config = relu_config({});
  const std::vector<TrainingGroup> groups = two_groups(config);
  const Trained on = train_groups(config, groups, H2_SATA_GATES);
  const Trained off = train_groups(config, groups, 0);
  EXPECT_EQ(on.after, off.after);
  EXPECT_EQ(on.cycles, off.cycles);
  EXPECT_EQ(off.events[kGatedValueMacs], 0U);
  EXPECT_EQ(on.events[kValueMacs] + on.events[kGatedValueMacs], off.events[kValueMacs]);
  EXPECT_GT(on.events[kGatedValueMacs], on.events[kValueMacs] / 10);
}

TEST(SataReluOnce, CardSaysThatItHasReluAndRefusesOtherNetworks) {
  const Config config = relu_config({});
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    EXPECT_EQ(H2_CAP_RELU(card.reg(H2_REG_CAPABILITIES)), 1U);
    h2_device& d = card.device;
    const h2_table table = d.table;
    h2_table changed = table;
    changed.timesteps = 2;
    EXPECT_EQ(h2_load_network(&d, &changed, d.layers, table.layers), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&d), "table.timesteps is not 1: the card's neurons are ReLU");
    changed = table;
    changed.beta = 2;
    EXPECT_EQ(h2_load_network(&d, &changed, d.layers, table.layers), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&d), "table.beta is not 1, the slope of the card's ReLU");
    std::uint32_t class_of = 0, spikes[10];
    h2_sub_batch batch{};
    EXPECT_EQ(h2_infer_spikes(&d, &batch, &class_of, spikes), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&d), "spikes are none: the card's neurons are ReLU");
  });
}

TEST(SataReluOnce, ConfigurationsOfSpikingNetworksAreRefused) {
  const auto refusal = [](const Sets& sets) -> std::string {
    try {
      relu_config(sets);
    } catch (const std::exception& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_NE(refusal({{"network.timesteps", "4"}}).find("network.timesteps: 4 contradicts sata.ann"),
            std::string::npos);
  EXPECT_NE(refusal({{"network.pool", "after_soma"}}).find("legal: before_soma"),
            std::string::npos);
  EXPECT_NE(refusal({{"neuron.beta", "0.5"}}).find("legal: 1, the slope"), std::string::npos);
}

}  // namespace
}  // namespace h2::relu_networks
