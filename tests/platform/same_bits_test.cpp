// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/host/learning_rates.h"
#include "tests/platform/reference_model.h"
#include "tests/platform/simulation.h"

// The board computes what the arithmetic defines: weights after training steps, bit for bit,
// against a composition that knows neither engines nor memories nor tiles.

namespace h2 {
namespace {

struct Case {
  const char* name;
  Sets sets;
  std::vector<std::uint32_t> sub_batches{2, 2};
  int groups = 1;
};

Config config_of(const Case& c, const char* numerics) {
  Sets sets{{"network.timesteps", "3"},
            {"network.input.channels", "2"},
            {"network.input.height", "9"},
            {"network.input.width", "11"},
            {"numerics", numerics}};
  sets.insert(sets.end(), c.sets.begin(), c.sets.end());
  return tiny_config(sets);
}

class SameBits : public ::testing::TestWithParam<Case> {
 protected:
  using Weights = std::vector<std::vector<std::uint8_t>>;

  static std::vector<TrainingGroup> groups(const Config& config, const Case& c) {
    std::vector<TrainingGroup> all;
    for (int g = 0; g < c.groups; ++g)
      all.push_back(random_training_group(config, c.sub_batches, 7 + g));
    return all;
  }

  /// Weights in Mem0; Mem1 must hold the same bytes.
  static Weights on_board(const Config& config, const std::vector<TrainingGroup>& groups,
                          Weights& before, double& loss) {
    Bench bench(config);
    Weights after;
    bench.run([&](HostCpu& host) {
      Card card(host, config);
      const LearningRates rates(config.training, 0);
      before = card.weights();
      for (const TrainingGroup& training_group : groups) {
        rates.set(card.device);
        EXPECT_EQ(card.train(training_group), H2_OK);
        loss = card.group.loss_sum;
      }
      after = card.weights();
      for (std::size_t l = 0; l < after.size(); ++l) {
        std::vector<std::uint8_t> copy[2];
        for (unsigned m = 0; m < 2; ++m) {
          copy[m].resize(after[l].size());
          const std::uint64_t at = H2_MEM_BASE(m) + card.device.layers[l].weights;
          EXPECT_TRUE(host.debug(tlm::TLM_READ_COMMAND, at, copy[m].data(), copy[m].size()));
        }
        EXPECT_EQ(copy[0], copy[1]) << "layer " << l;
      }
    });
    return after;
  }

  static void compare(const Case& c, const char* numerics, ReferenceModel::Sums sums) {
    SCOPED_TRACE(numerics);
    const Config config = config_of(c, numerics);
    const std::vector<TrainingGroup> all = groups(config, c);
    Weights before;
    double loss = 0;
    const Weights after = on_board(config, all, before, loss);
    ReferenceModel line(config, sums);
    EXPECT_EQ(before, line.weights());
    for (const TrainingGroup& training_group : all) line.train(training_group);
    const Weights expected = line.weights();
    ASSERT_EQ(after.size(), expected.size());
    for (std::size_t l = 0; l < after.size(); ++l) {
      EXPECT_NE(after[l], before[l]) << config.network.layers[l].name << " has not learnt";
      EXPECT_TRUE(after[l] == expected[l]) << config.network.layers[l].name << " differs";
    }
    EXPECT_EQ(loss, line.loss());
  }
};

TEST_P(SameBits, Fp16) { compare(GetParam(), "fp16", ReferenceModel::Sums::kernels); }
TEST_P(SameBits, Fp32) { compare(GetParam(), "fp32", ReferenceModel::Sums::kernels); }

const std::string kTwoPools = "8C3(Encoding)-AP2-16C3-AP2-32FC-10FC";

const Case kCases[] = {
    {"Plain", {{"network.layers", "8C3(Encoding)-12C3-10FC"}}},
    {"PoolAfterSoma", {{"network.layers", kTwoPools}}},
    {"PoolBeforeSoma", {{"network.layers", kTwoPools}, {"network.pool", "before_soma"}}},
    {"Stride", {{"network.layers", "8C3S2(Encoding)-20C5S2-18C1-10FC"}}},
    {"Events", {{"network.layers", "6C3-AP2-20C3-10FC"}}},
    {"EventsBeforeSoma",
     {{"network.layers", "20C5S2-AP2-24C3-10FC"}, {"network.pool", "before_soma"}}},
    {"OneByOneMaps",
     {{"network.layers", "8C3-16C3-12FC-10FC"},
      {"network.input.height", "1"},
      {"network.input.width", "1"},
      {"network.input.channels", "30"}}},
    {"Valid",
     {{"network.layers",
       "[{type: conv, channels: 8, kernel: 3, padding: valid, encoding: true}, {type: pool}, "
       "{type: conv, channels: 20, kernel: 3, padding: 0}, {type: fc, neurons: 10}]"},
      {"network.input.height", "15"},
      {"network.input.width", "19"}}},
    {"ValidStridesBeforeSoma",
     {{"network.layers",
       "[{type: conv, channels: 18, kernel: 5, stride: 2, padding: valid}, "
       "{type: conv, channels: 20, kernel: 5, padding: valid}, {type: pool}, "
       "{type: conv, channels: 24, kernel: 3}, {type: fc, neurons: 10}]"},
      {"network.input.height", "23"},
      {"network.input.width", "31"},
      {"network.pool", "before_soma"}}},
    {"MaxPool",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true}, {type: pool, kind: max}, "
       "{type: conv, channels: 20}, {type: pool, kind: max}, {type: fc, neurons: 32}, "
       "{type: fc, neurons: 10}]"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"MaxAndAveragePools",
     {{"network.layers",
       "[{type: conv, channels: 12}, {type: pool, kind: max}, {type: conv, channels: 20}, "
       "{type: pool}, {type: conv, channels: 24}, {type: pool, kind: max}, "
       "{type: fc, neurons: 10}]"},
      {"network.input.height", "17"},
      {"network.input.width", "19"},
      {"machine.extensions", "true"}}},
    {"Bias",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true, bias: true}, {type: pool}, "
       "{type: conv, channels: 16, bias: true, stride: 2}, {type: fc, neurons: 32, bias: true}, "
       "{type: fc, neurons: 10, bias: true}]"}},
     {2, 2},
     2},
    {"BiasOfEvents",
     {{"network.layers",
       "[{type: conv, channels: 16, bias: true, kernel: 5, padding: valid}, "
       "{type: conv, channels: 20, bias: true}, {type: pool}, {type: fc, neurons: 10}]"},
      {"network.input.channels", "64"},
      {"memory.compress_gradients", "true"}},
     {2, 2},
     2},
    {"BiasBeforeSoma",
     {{"network.layers",
       "[{type: conv, channels: 64, bias: true, encoding: true}, {type: pool}, "
       "{type: fc, neurons: 32, bias: true}, {type: fc, neurons: 10, bias: true}]"},
      {"network.pool", "before_soma"},
      {"dataflow.fc_weight_gradient", "per_group"}},
     {2, 2},
     2},
    {"BiasOfPixelsInFc",
     {{"network.layers",
       "[{type: fc, neurons: 40, bias: true, encoding: true}, {type: fc, neurons: 10, bias: "
       "true}]"}},
     {2, 2},
     2},
    {"SoftReset",
     {{"network.layers", kTwoPools}, {"neuron.reset", "soft"}, {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"ResetsAndSurrogates",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true, surrogate: triangle}, {type: pool, kind: max}, "
       "{type: conv, channels: 20, reset: soft_after_decay, surrogate: atan, th_l: -0.5, th_r: "
       "1.5}, {type: pool}, {type: fc, neurons: 32, surrogate: fast_sigmoid, beta: 0.75}, "
       "{type: fc, neurons: 10, reset: soft}]"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"Shortcuts",
     {{"network.layers",
       "[{type: conv, channels: 16, encoding: true}, {type: conv, channels: 16, adds: conv1}, "
       "{type: conv, channels: 16, adds: conv2}, {type: conv, channels: 16}, {type: pool}, "
       "{type: fc, neurons: 20}, {type: fc, neurons: 20, adds: fc1}, {type: fc, neurons: 10}]"},
      {"tile.height", "4"},
      {"tile.width", "4"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"ShortcutsOfOneLayer",
     {{"network.layers",
       "[{type: conv, channels: 20}, {type: conv, channels: 20, adds: conv1}, {type: conv, "
       "channels: 20, adds: conv1}, {type: conv, channels: 20, adds: conv1}, {type: pool}, "
       "{type: fc, neurons: 20}, {type: fc, neurons: 20, adds: fc1}, {type: fc, neurons: 20, adds: "
       "fc1}, {type: fc, neurons: 10}]"},
      {"memory.compress_gradients", "true"},
      {"tile.height", "4"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"PotentialsAdded",
     {{"network.layers",
       "[{type: conv, channels: 20, encoding: true}, {type: conv, channels: 20, adds_potentials: "
       "conv1}, {type: conv, channels: 20, adds_potentials: conv1}, {type: conv, channels: 20, "
       "adds: conv1}, {type: pool}, {type: fc, neurons: 20}, {type: fc, neurons: 20, "
       "adds_potentials: fc1}, {type: fc, neurons: 10}]"},
      {"memory.compress_gradients", "true"},
      {"tile.height", "4"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"PotentialsAddedToReadout",
     {{"network.layers",
       "[{type: conv, channels: 20}, {type: pool}, {type: conv, channels: 20, bias: true, reset: "
       "soft, adds_potentials: conv1}, {type: fc, neurons: 10}, {type: fc, neurons: 10, "
       "readout: true, adds_potentials: fc1}]"},
      {"network.pool", "before_soma"},
      {"neuron.surrogate", "atan"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"ShortcutsOverLayers",
     {{"network.layers",
       "[{type: conv, channels: 20}, {type: pool}, {type: conv, channels: 36}, "
       "{type: conv, channels: 20, adds: conv1, bias: true, reset: soft}, {type: fc, neurons: "
       "10}]"},
      {"network.pool", "before_soma"},
      {"engines.forward.cols", "24"},
      {"memory.compress_gradients", "true"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"BatchNorm",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true, batch_norm: tdbn}, {type: pool}, "
       "{type: conv, channels: 20, batch_norm: tdbn, th_f: 0.3}, {type: pool, kind: max}, "
       "{type: fc, neurons: 24, batch_norm: tdbn}, {type: fc, neurons: 10}]"},
      {"machine.extensions", "true"}},
     {2, 2},
     3},
    {"BatchNormOfBranches",
     {{"network.layers",
       "[{type: conv, channels: 18, batch_norm: tdbn}, "
       "{type: conv, channels: 18, batch_norm: tdbn_branch}, "
       "{type: conv, channels: 18, batch_norm: tdbn_branch, adds: conv1, surrogate: atan}, "
       "{type: conv, channels: 20, stride: 2}, {type: fc, neurons: 10, batch_norm: tdbn}]"},
      {"training.optimizer", "adam"},
      {"training.weight_decay", "0.125"},
      {"engines.forward.cols", "24"},
      {"engines.backward.cols", "40"},
      {"tile.height", "4"},
      {"tile.width", "3"},
      {"machine.extensions", "true"}},
     {2, 2},
     3},
    {"BatchNormOnce",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true, batch_norm: tdbn}, "
       "{type: fc, neurons: 20, batch_norm: tdbn}, {type: fc, neurons: 10}]"},
      {"network.static_input_once", "true"},
      {"dataflow.fc_weight_gradient", "per_group"},
      {"memory.organisation", "unified"},
      {"pipeline.overlap", "false"},
      {"training.sub_batch", "3"},
      {"training.batch_group", "3"},
      {"machine.extensions", "true"}},
     {3, 3, 1},
     2},
    {"Readout",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true}, {type: pool}, {type: fc, neurons: 20}, "
       "{type: fc, neurons: 10, bias: true, readout: true, alpha: 0.75}]"},
      {"machine.extensions", "true"}},
     {2, 2},
     2},
    {"ReadoutOfCrossEntropy",
     {{"network.layers", "[{type: fc, neurons: 30}, {type: fc, neurons: 18, readout: true}]"},
      {"training.loss", "cross_entropy"},
      {"memory.organisation", "unified"},
      {"machine.extensions", "true"}},
     {2, 2},
     3},
    {"NeuronsPerLayer",
     {{"network.layers",
       "[{type: conv, channels: 8, encoding: true, alpha: 0.5, th_f: 0.25}, {type: pool}, "
       "{type: conv, channels: 16, th_l: -0.5, th_r: 1.5}, {type: pool}, "
       "{type: fc, neurons: 32, alpha: 0.75, beta: 0.5}, {type: fc, neurons: 10, th_f: 0.75}]"}}},
    {"WeightDecay", {{"network.layers", kTwoPools}, {"training.weight_decay", "0.125"}}, {2, 2}, 3},
    {"WeightDecayAdam",
     {{"network.layers", kTwoPools},
      {"training.weight_decay", "0.125"},
      {"training.optimizer", "adam"}},
     {2, 2},
     3},
    {"CosineWithWarmup",
     {{"network.layers", kTwoPools},
      {"training.schedule.kind", "cosine"},
      {"training.schedule.warmup", "2"},
      {"training.schedule.steps", "5"},
      {"training.schedule.floor", "0.125"}},
     {2, 2},
     5},
    {"FcOfPixels", {{"network.layers", "40FC(Encoding)-20FC-10FC"}}, {2, 2}, 2},
    {"FcOfPixelsOnce",
     {{"network.layers", "40FC(Encoding)-10FC"}, {"network.static_input_once", "true"}}},
    {"FcOnly", {{"network.layers", "40FC-20FC-10FC"}}},
    {"Adam",
     {{"network.layers", kTwoPools},
      {"training.optimizer", "adam"},
      {"training.learning_rate", "0.01"}},
     {2, 2},
     3},
    {"Momentum", {{"network.layers", kTwoPools}}, {2, 2}, 3},
    {"CrossEntropy", {{"network.layers", kTwoPools}, {"training.loss", "cross_entropy"}}},
    {"ShortLastSubBatch", {{"network.layers", kTwoPools}, {"training.sub_batch", "3"}}, {3, 3, 1}},
    {"NarrowArrays",
     {{"network.layers", "20C3(Encoding)-AP2-40C3-AP2-50FC-10FC"},
      {"engines.forward.cols", "8"},
      {"engines.forward.rows", "10"},
      {"engines.backward.cols", "8"},
      {"engines.backward.rows", "6"},
      {"engines.weight_update.cols", "24"},
      {"engines.weight_update.rows", "2"}}},
    {"UnevenArrays",
     {{"network.layers", "20C3-AP2-40C3-AP2-50FC-10FC"},
      {"engines.forward.cols", "24"},
      {"engines.forward.sub_luts", "2"},
      {"engines.forward.sub_lut_inputs", "4"},
      {"engines.backward.cols", "24"},
      {"engines.weight_update.cols", "40"},
      {"engines.weight_update.sub_luts", "4"},
      {"engines.weight_update.sub_lut_inputs", "3"}}},
    {"SmallTiles", {{"network.layers", kTwoPools}, {"tile.height", "3"}, {"tile.width", "4"}}},
    {"SmallTilesBeforeSoma",
     {{"network.layers", "8C3S2(Encoding)-AP2-36C3-10FC"},
      {"network.input.height", "22"},
      {"network.input.width", "19"},
      {"network.pool", "before_soma"},
      {"tile.height", "2"},
      {"tile.width", "3"}}},
    {"SingleTile", {{"network.layers", kTwoPools}, {"tile.height", "16"}, {"tile.width", "16"}}},
    {"LongerThanTheArray",
     {{"network.layers", "18C3(Encoding)-10FC"},
      {"network.timesteps", "12"},
      {"network.input.height", "5"},
      {"network.input.width", "5"}}},
    {"CompressedGradients",
     {{"network.layers", "8C3(Encoding)-AP2-20C3S2-18C3-10FC"},
      {"memory.compress_gradients", "true"}}},
    {"CompressedBeforeSoma",
     {{"network.layers", kTwoPools},
      {"network.pool", "before_soma"},
      {"memory.compress_gradients", "true"},
      {"tile.height", "3"},
      {"tile.width", "3"}}},
    {"StaticInputOnce", {{"network.layers", kTwoPools}, {"network.static_input_once", "true"}}},
    {"SmallBuffer",  // the weight update engine takes 16 input channels at a time
     {{"network.layers", "40C3(Encoding)-AP2-48C3-10FC"}, {"glb.weight_update.bytes", "90000"}}},
    {"ManyInputs",
     {{"network.layers", "20C3-80C3-24C3-10FC"},
      {"network.input.channels", "70"},
      {"network.input.height", "4"},
      {"network.input.width", "5"}}},
    {"Unified", {{"network.layers", kTwoPools}, {"memory.organisation", "unified"}}},
    {"ShortBursts",
     {{"network.layers", kTwoPools},
      {"memory.burst_bytes", "64"},
      {"memory.outstanding", "1"},
      {"pipeline.overlap", "false"}}},
};

INSTANTIATE_TEST_SUITE_P(Networks, SameBits, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

/// The scalar reference in place of the kernels.
class SameBitsAsReference : public SameBits {};

TEST_P(SameBitsAsReference, Fp16) { compare(GetParam(), "fp16", ReferenceModel::Sums::reference); }

const Case kReferenceCases[] = {
    {"Pixels",
     {{"network.layers", "6C3(Encoding)-AP2-18C3S2-10FC"},
      {"network.input.channels", "1"},
      {"tile.height", "4"},
      {"tile.width", "4"}}},
    {"Events",
     {{"network.layers", "6C3-AP2-18C3-10FC"},
      {"network.pool", "before_soma"},
      {"memory.compress_gradients", "true"}}},
    {"Extensions",
     {{"network.layers",
       "[{type: conv, channels: 6, encoding: true, bias: true, reset: soft}, {type: pool}, "
       "{type: conv, channels: 18, bias: true, surrogate: atan}, "
       "{type: conv, channels: 18, adds: conv2}, {type: conv, channels: 18, adds: conv2}, "
       "{type: conv, channels: 18, adds_potentials: conv2}, "
       "{type: pool, kind: max}, {type: fc, neurons: 10, bias: true, readout: true}]"},
      {"network.input.channels", "1"},
      {"machine.extensions", "true"}}},
};

INSTANTIATE_TEST_SUITE_P(Networks, SameBitsAsReference, ::testing::ValuesIn(kReferenceCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace h2
