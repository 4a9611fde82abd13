// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/base/error.h"
#include "tests/platform/card.h"
#include "tests/platform/simulation.h"

// Several nodes on one bus, each with its own host, card and memories.

namespace h2 {
namespace {

using Weights = std::vector<std::vector<std::uint8_t>>;

Platform::Options with_nodes(int nodes) {
  Platform::Options options;
  options.nodes = nodes;
  return options;
}

/// Trains one group of `groups[i]` on node i of one board, all at the same time.
std::vector<Weights> train_on_board(const Config& config,
                                    const std::vector<TrainingGroup>& groups) {
  Bench bench(config, with_nodes(static_cast<int>(groups.size())));
  std::vector<Weights> weights(groups.size());
  const auto program = [&](std::uint32_t node) {
    return [&, node](HostCpu& host) {
      Card card(host, config, node);
      EXPECT_EQ(card.train(groups[node]), H2_OK);
      weights[node] = card.weights();
    };
  };
  for (std::uint32_t node = 1; node < groups.size(); ++node) {
    bench.platform.nodes[node]->host.program = program(node);
  }
  bench.run(program(0));
  return weights;
}

class Board : public ::testing::TestWithParam<const char*> {};

TEST_P(Board, EachCardTrainsToTheWeightsItReachesAlone) {
  const Config config = tiny_config({{"memory.organisation", GetParam()}});
  const std::vector<TrainingGroup> groups{random_training_group(config, {2, 2}, 3),
                                          random_training_group(config, {2, 1, 2}, 8)};
  const std::vector<Weights> together = train_on_board(config, groups);
  EXPECT_NE(together[0], together[1]);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(together[i], train_on_board(config, {groups[i]}).front()) << "card " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Memories, Board, ::testing::Values("split", "unified"),
                         [](const auto& info) { return info.param; });

/// Windows, faults and soft resets of one card leave the other alone.
TEST(BoardOfTwo, CardsShareNothing) {
  const Config config = tiny_config();
  const TrainingGroup training_group = random_training_group(config, {2, 2}, 3);
  const Weights expected = train_on_board(config, {training_group}).front();
  Bench bench(config, with_nodes(2));
  bench.platform.nodes[1]->host.program = [&](HostCpu& host) {
    Card card(host, config, 1);
    EXPECT_TRUE(card.write_reg(H2_REG_INJECT, H2_PUT(INJECT, KIND, 1) | H2_PUT(INJECT, AFTER, 5)));
    EXPECT_EQ(card.train(training_group), H2_ERR_BUS);
    EXPECT_EQ(h2_reset(&card.device), H2_OK);
  };
  bench.run([&](HostCpu& host) {
    Card card(host, config, 0);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.weights(), expected);
    std::uint32_t id = 0;
    EXPECT_TRUE(card.read(H2_CARD_REGS_BASE(1) + H2_REG_ID, &id, 4)) << "the other is on the bus";
    EXPECT_EQ(id, H2_ID);
  });
}

TEST(BoardOfTwo, NamesTheLegalNumbersOfNodes) {
  const Config config = tiny_config();
  for (const int nodes : {0, Platform::kMostNodes + 1}) {
    EXPECT_THROW(Bench(config, with_nodes(nodes)), InputError) << nodes;
  }
}

/// The hook sees complete gradients, and what it leaves in Mem2 is what the update takes.
TEST(Group, HookBeforeTheUpdateChangesTheGradients) {
  const Config config = tiny_config({{"training.momentum", "0"}});
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    const Weights before = card.weights();
    struct Hook {
      Card& card;
      int result = 0, calls = 0, nonzero = 0;
    } hook{card};
    card.before_update = [](void* context) {
      Hook& h = *static_cast<Hook*>(context);
      ++h.calls;
      for (std::uint32_t l = 0; l < h.card.device.table.layers; ++l) {
        const h2_layer& layer = h.card.device.layers[l];
        std::vector<std::uint16_t> gradient(std::size_t{layer.cout} * layer.cin * layer.kernel *
                                            layer.kernel);
        const std::uint64_t at = h.card.memory(2) + layer.weight_gradient;
        EXPECT_TRUE(h.card.read(at, gradient.data(), gradient.size() * 2));
        for (const std::uint16_t g : gradient) h.nonzero += (g & 0x7FFF) != 0 ? 1 : 0;
        gradient.assign(gradient.size(), 0);
        EXPECT_TRUE(h.card.write(at, gradient.data(), gradient.size() * 2));
      }
      return h.result;
    };
    card.update_context = &hook;
    const TrainingGroup training_group = random_training_group(config, {2, 2}, 3);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(hook.calls, 1);
    EXPECT_GT(hook.nonzero, 0);
    EXPECT_EQ(card.weights(), before) << "all gradients were set to zero";
    EXPECT_EQ(card.device.step, 1U);
    hook.result = 1;
    EXPECT_EQ(card.train(training_group), H2_DRV_STOPPED);
    EXPECT_EQ(card.device.step, 1U) << "its update was left out";
    card.before_update = nullptr;
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_NE(card.weights(), before);
  });
}

}  // namespace
}  // namespace h2
