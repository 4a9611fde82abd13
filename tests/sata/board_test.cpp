// SPDX-License-Identifier: Apache-2.0
// SATA on the board: weights after training steps against scalar code, gates, one memory, learning.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <optional>

#include "modules/contract/sata_contract.h"
#include "modules/sata/event_counts.h"
#include "tests/platform/reference_model.h"
#include "tests/platform/simulation.h"
#include "tests/sata/reference.h"

namespace h2 {
namespace {

using Weights = std::vector<std::vector<std::uint8_t>>;

Sets tiny(const Sets& sets) {
  Sets all{{"network.layers", "8C3(Encoding)-AP2-16C3-AP2-32FC-10FC"},
           {"network.timesteps", "3"},
           {"network.input.channels", "2"},
           {"network.input.height", "9"},
           {"network.input.width", "11"},
           {"training.sub_batch", "2"},
           {"training.batch_group", "2"},
           {"training.loss_scale", "1024"},
           {"training.init_gain", "2"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return all;
}

Config sata_config(const Sets& sets) {
  return load_config(H2_SOURCE_DIR "/configs/sata.yaml", tiny(sets));
}

/// A training step with the sums of tests/sata/reference.h.
class SataReferenceModel : public ReferenceModel {
 public:
  explicit SataReferenceModel(const Config& config)
      : ReferenceModel(config, Sums::reference), numerics_(config.machine.numerics) {}

 protected:
  ValueMap forward_sums(std::size_t l, const BitMap& input) const override {
    return sata_reference::forward_sums(network().layers[l], numerics_, stored(l), input);
  }
  ValueMap backward_sums(std::size_t l, const ValueMap& grad_u) const override {
    const Layer& layer = network().layers[l];
    return sata_reference::backward_sums(layer, layer.in_h, layer.in_w, numerics_, stored(l),
                                         grad_u);
  }
  std::vector<float> weight_gradient(const Layer& layer, int batch, const BitMap& input,
                                     const ValueMap& grad_u) const override {
    return sata_reference::weight_gradient(layer, numerics_, batch, network().timesteps, input,
                                           grad_u);
  }

 private:
  Numerics numerics_;
};

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
    if (gates) {
      EXPECT_TRUE(card.write_reg(H2_SATA_REG_GATES, *gates));
    }
    t.before = card.weights();
    for (const TrainingGroup& group : groups) {
      EXPECT_EQ(card.train(group), H2_OK);
      t.loss = card.group.loss_sum;
    }
    t.after = card.weights();
    t.cycles = bench.platform.cycle();
  });
  return t;
}

struct Case {
  const char* name;
  Sets sets;
};

class SataBoard : public ::testing::TestWithParam<Case> {};

TEST_P(SataBoard, TrainsToTheBitsOfScalarCode) {
  for (const char* numerics : {"fp16", "fp32"}) {
    SCOPED_TRACE(numerics);
    Sets sets = GetParam().sets;
    sets.push_back({"numerics", numerics});
    const Config config = sata_config(sets);
    std::vector<TrainingGroup> groups;
    for (int g = 0; g < 2; ++g) groups.push_back(random_training_group(config, {2, 1}, 7 + g));
    const Trained board = train_groups(config, groups);
    SataReferenceModel model(config);
    EXPECT_EQ(board.before, model.weights());
    for (const TrainingGroup& group : groups) model.train(group);
    EXPECT_EQ(board.loss, model.loss());
    EXPECT_EQ(board.after, model.weights());
    for (std::size_t l = 0; l < board.after.size(); ++l) {
      EXPECT_NE(board.after[l], board.before[l]) << config.network.layers[l].name;
    }
  }
}

const Case kCases[] = {
    {"pooled_spikes", {}},
    {"pooled_potentials", {{"network.pool", "before_soma"}}},
    {"strides", {{"network.layers", "20C5S2(Encoding)-33C3-17FC-10FC"}}},
    {"events_and_adam",
     {{"network.layers", "18C3-AP2-16C3S2-10FC"},
      {"training.optimizer", "adam"},
      {"training.learning_rate", "0.01"}}},
    {"pixels_into_fc", {{"network.layers", "40FC(Encoding)-10FC"}}},
    {"no_padding",
     {{"network.layers",
       "[{type: conv, channels: 20, kernel: 3, padding: valid, encoding: true}, {type: pool}, "
       "{type: conv, channels: 18, kernel: 3, padding: valid, th_f: 0.25}, "
       "{type: fc, neurons: 10}]"}}},
    // 16 outputs at a time, weights and inputs in pieces.
    {"small_buffers",
     {{"network.layers", "40C3(Encoding)-70C3-AP2-90FC-10FC"},
      {"sata.buffers.spikes.bytes", "4096"},
      {"sata.buffers.potentials.bytes", "16384"},
      {"sata.buffers.weights.bytes", "40960"},
      {"sata.buffers.gradients.bytes", "24576"},
      {"sata.buffers.mask.bytes", "2048"}}},
};
INSTANTIATE_TEST_SUITE_P(Networks, SataBoard, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(SataBoardOnce, GatesOfTheRegisterChangeNoBitAndNoCycle) {
  const Config config = sata_config({});
  const std::vector<TrainingGroup> groups{random_training_group(config, {2, 2}, 3)};
  const Trained on = train_groups(config, groups, H2_SATA_GATES);
  const Trained off = train_groups(config, groups, 0);
  EXPECT_EQ(on.after, off.after);
  EXPECT_EQ(on.cycles, off.cycles);
  EXPECT_EQ(off.events[kGatedSpikeMacs], 0U);
  EXPECT_EQ(off.events[kGatedValueMacs], 0U);
  EXPECT_EQ(off.events[kGatedPotentialGradients], 0U);
  EXPECT_EQ(on.events[kSpikeMacs] + on.events[kGatedSpikeMacs], off.events[kSpikeMacs]);
  EXPECT_EQ(on.events[kValueMacs] + on.events[kGatedValueMacs], off.events[kValueMacs]);
  EXPECT_GT(on.events[kGatedValueMacs], 0U);
}

TEST(SataBoardOnce, RegistersSayWhatTheCardIs) {
  const Config config = sata_config({{"sata.gates.surrogate", "false"}});
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    EXPECT_EQ(H2_CAP_MEMORIES(card.reg(H2_REG_CAPABILITIES)), 1U);
    EXPECT_EQ(card.reg(H2_SATA_REG_ARRAY), H2_SATA_ARRAY(16, 8));
    EXPECT_EQ(card.reg(H2_SATA_REG_GATES), H2_SATA_GATE_SPIKES | H2_SATA_GATE_GRADIENTS);
    EXPECT_FALSE(card.write_reg(H2_SATA_REG_GATES, H2_SATA_GATES + 1));
    EXPECT_TRUE(card.write_reg(H2_SATA_REG_GATES, H2_SATA_GATES));
    card.load();  // with a soft reset
    EXPECT_EQ(card.reg(H2_SATA_REG_GATES), H2_SATA_GATE_SPIKES | H2_SATA_GATE_GRADIENTS);
    std::uint32_t word = 0;
    EXPECT_FALSE(card.read(H2_MEM_BASE(1), &word, sizeof word));
  });
}

float value(const std::vector<std::uint8_t>& bytes, std::size_t i) {
  float v;
  std::memcpy(&v, &bytes[4 * i], 4);
  return v;
}

// The same network, decay and samples: FP32 sums in another order.
TEST(SataBoardOnce, Fp32TrainsLikeH2Learn) {
  const Config sata = sata_config({{"numerics", "fp32"}});
  Sets sets = tiny({{"numerics", "fp32"}, {"neuron.alpha", "0.9375"}});
  const Config h2learn = load_config(H2_SOURCE_DIR "/configs/h2learn.yaml", sets);
  const std::vector<TrainingGroup> groups{random_training_group(sata, {2, 2}, 11)};
  const Trained a = train_groups(sata, groups), b = train_groups(h2learn, groups);
  ASSERT_EQ(a.before, b.before);
  float most = 0, moved = 0;
  for (std::size_t l = 0; l < a.after.size(); ++l) {
    for (std::size_t i = 0; i < a.after[l].size() / 4; ++i) {
      most = std::max(most, std::abs(value(a.after[l], i) - value(b.after[l], i)));
      moved = std::max(moved, std::abs(value(a.after[l], i) - value(a.before[l], i)));
    }
  }
  EXPECT_LT(most, 2e-6F);
  EXPECT_GT(moved, 1e-4F);
}

}  // namespace
}  // namespace h2
