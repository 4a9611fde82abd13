// SPDX-License-Identifier: Apache-2.0
// batch_norm of a layer: what it makes of the network, and what it cannot be combined with.
#include "modules/network/network_json.h"
#include "tests/config/config_files.h"

namespace h2 {
namespace {

class TrainedNorm : public ConfigFiles {
 protected:
  static std::string file(const std::string& items, const std::string& more = "") {
    return "machine: {extensions: true}\n" + more + "network:\n  layers:\n" + items;
  }
  void expect_refusal(const std::string& text, const std::vector<std::string>& words) const {
    const std::string message = error(text);
    for (const std::string& word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << message << " lacks " << word;
    }
  }
};

const std::string kTwo =
    "    - {type: conv, channels: 8, batch_norm: tdbn}\n"
    "    - {type: fc, neurons: 10, batch_norm: tdbn_branch}\n";

TEST_F(TrainedNorm, PutsFourNumbersPerChannelBehindTheWeights) {
  const Config config = load(file(kTwo));
  const std::vector<Layer>& layers = config.network.layers;
  EXPECT_EQ(layers[0].norm, BatchNormKind::tdbn);
  EXPECT_EQ(layers[1].norm, BatchNormKind::tdbn_branch);
  EXPECT_EQ(layers[0].weight_count(), 8U * 9U);
  EXPECT_EQ(layers[0].trained_count(), 8U * 9U + 16U);
  EXPECT_EQ(layers[0].parameter_count(), 8U * 9U + 32U);
}

TEST_F(TrainedNorm, SurvivesTheWayThroughJson) {
  const Config config = load(file(kTwo));
  const NetworkText again = network_text(json_of(config.network_text));
  EXPECT_EQ(again.items[0].norm, BatchNormKind::tdbn);
  EXPECT_EQ(again.items[1].norm, BatchNormKind::tdbn_branch);
  EXPECT_EQ(load(file("    - {type: fc, neurons: 10, batch_norm: none}\n")).network.layers[0].norm,
            BatchNormKind::none);
}

TEST_F(TrainedNorm, IsAnExtension) {
  expect_refusal("network:\n  layers:\n" + kTwo, {"machine.extensions", "batch norm", "conv1"});
  for (const char* other : {"sata", "multicore"}) {
    expect_refusal(std::string("neuron: {alpha: 0.9375}\naccelerator: ") + other +
                       "\nnetwork:\n  layers:\n" + kTwo,
                   {"conv1 has trained batch norm"});
  }
}

TEST_F(TrainedNorm, IsRefusedWhereItHasNoMeaning) {
  expect_refusal(file("    - {type: fc, neurons: 10, batch_norm: tdbn, bias: true}\n"),
                 {"c.yaml", "bias and batch norm", "legal"});
  expect_refusal(file("    - {type: fc, neurons: 10, batch_norm: tdbn, readout: true}\n"),
                 {"read-out and batch norm", "legal"});
  expect_refusal(file("    - {type: fc, neurons: 10, batch_norm: group}\n"),
                 {"batch_norm", "tdbn_branch"});
  const std::string pooled =
      "    - {type: conv, channels: 8, batch_norm: tdbn}\n    - {type: pool}\n"
      "    - {type: fc, neurons: 10}\n";
  expect_refusal(file(pooled) + "  pool: before_soma\n", {"potentials behind batch norm"});
  expect_refusal(file(kTwo, "memory: {compress_gradients: true}\n"),
                 {"memory.compress_gradients", "batch_norm"});
  expect_refusal(file(kTwo, "training: {replicas: 2, batch_group: 4}\n"),
                 {"training.replicas", "batch_norm"});
  expect_refusal(file(kTwo, "training: {replicas: 2, batch_group: 4}\ncluster: {cards: 2}\n"),
                 {"cluster.cards", "batch_norm"});
}

}  // namespace
}  // namespace h2
