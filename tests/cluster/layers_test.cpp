// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/cluster/cards_run.h"

// Layers beyond those of the paper, on several cards: bias, shortcuts, max pooling, soft resets,
// surrogates, read-outs, neurons per layer, pixels and rates in FC layers.

namespace h2 {
namespace {

const Override kExtensions{"machine.extensions", "true"};

struct Case {
  const char* name;
  Sets sets;
};

std::vector<Case> cases() {
  return {
      {"bias",
       {kExtensions,
        {"network.layers",
         "[{type: conv, channels: 8, encoding: true, bias: true}, {type: pool}, "
         "{type: conv, channels: 16, bias: true}, {type: pool}, "
         "{type: fc, neurons: 32, bias: true}, {type: fc, neurons: 10, bias: true}]"}}},
      {"shortcut",
       {kExtensions,
        {"network.layers",
         "[{type: conv, channels: 8, stride: 2, encoding: true}, {type: conv, channels: 8}, "
         "{type: conv, channels: 8, adds: conv1}, {type: pool}, {type: fc, neurons: 10}]"}}},
      {"readout",
       {kExtensions,
        {"training.loss", "cross_entropy"},
        {"network.layers",
         "[{type: conv, channels: 8, stride: 2, encoding: true}, {type: pool}, "
         "{type: fc, neurons: 32, bias: true}, {type: fc, neurons: 10, readout: true}]"}}},
      {"max_pool",
       {kExtensions,
        {"neuron.reset", "soft"},
        {"neuron.surrogate", "triangle"},
        {"neuron.th_l", "-0.5"},
        {"neuron.th_r", "1.5"},
        {"network.layers",
         "[{type: conv, channels: 8, encoding: true}, {type: pool, kind: max}, "
         "{type: conv, channels: 8, stride: 2}, {type: fc, neurons: 10}]"}}},
      {"pixels", {{"network.layers", "32FC(Encoding)-10FC"}}},
      {"rates", {{"network.layers", "32FC-10FC"}, {"dataset.coding", "rate"}}},
      {"schedule",
       {{"training.schedule.kind", "cosine"},
        {"training.weight_decay", "0.01"},
        {"training.epochs", "2"}}},
  };
}

TEST(CardsWithOtherLayers, LeaveTheSameWeights) {
  for (const Case& c : cases()) {
    const CardsRun one = train_cards(on(1, 4, c.sets));
    const auto start = start_weights(tiny_config(on(1, 4, c.sets)));
    EXPECT_EQ(one.record.weights.size(), start.size());
    EXPECT_NE(one.record.weights, train_cards(on(1, 1, c.sets)).record.weights)
        << c.name << ": the parts are rounded, so that the case can fail";
    for (const int cards : {2, 4}) {
      const CardsRun run = train_cards(on(cards, 4, c.sets));
      for (const auto& weights : run.weights) {
        EXPECT_EQ(weights, one.record.weights) << c.name << " on " << cards;
      }
      EXPECT_EQ(run.record.loss, one.record.loss) << c.name;
      EXPECT_EQ(run.record.test_accuracy, one.record.test_accuracy) << c.name;
    }
  }
}

/// Weights of the cards are the mean behind a round, biases included.
TEST(CardsWithOtherLayers, AverageAllWeights) {
  for (const Case& c : cases()) {
    Sets sets = on(2, 1, c.sets);
    const bool scheduled = std::string(c.name) == "schedule";
    if (scheduled) continue;  // refused: optimisers start anew in every round
    sets.push_back({"federated.local_epochs", "1"});
    const CardsRun run = train_cards(sets);
    EXPECT_EQ(run.weights[0], run.weights[1]) << c.name;
  }
}

}  // namespace
}  // namespace h2
