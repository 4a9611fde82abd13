// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/base/error.h"
#include "modules/cluster/collective.h"
#include "tests/cluster/cards_run.h"
#include "tests/platform/reference_model.h"

// Several cards on one board train together.

namespace h2 {
namespace {

TEST(Cards, OneTwoAndFourLeaveTheSameWeights) {
  for (const int parts : {4, 8}) {
    const Sets more = parts == 8 ? Sets{{"dataset.train_limit", "32"}} : Sets{};
    const CardsRun one = train_cards(on(1, parts, more));
    EXPECT_EQ(one.record.loss.size(), parts == 8 ? 2U : 3U);
    for (const int cards : {2, 4}) {
      const CardsRun run = train_cards(on(cards, parts, more));
      ASSERT_EQ(run.weights.size(), static_cast<std::size_t>(cards));
      for (const auto& weights : run.weights) EXPECT_EQ(weights, one.record.weights) << cards;
      EXPECT_EQ(run.record.loss, one.record.loss);
      EXPECT_EQ(run.record.test_accuracy, one.record.test_accuracy);
      EXPECT_EQ(run.record.train_accuracy, one.record.train_accuracy);
      EXPECT_LT(run.cycles, one.cycles) << "cards work at the same time";
    }
  }
}

/// What the sum of parts is, from a model of its own.
TEST(Cards, LearnWhatTheDefinitionSays) {
  for (const int parts : {2, 3}) {
    const Config config = tiny_config(on(1, parts, {{"training.shuffle", "false"}}));
    const LoadedData data = load_data(config.dataset, config.network.input,
                                      config.network.timesteps, config.training.seed);
    ReferenceModel model(config, ReferenceModel::Sums::kernels);
    for (std::size_t first = 0; first < 40; first += 16) {
      TrainingGroup group;
      for (std::size_t i = first; i < std::min<std::size_t>(first + 16, 40); ++i) {
        const std::uint8_t* sample = data.train.sample(i);
        group.samples.emplace_back(sample, sample + data.train.sample_size());
        group.labels.push_back(static_cast<std::uint32_t>(data.train.label(i)));
      }
      group.sizes.assign(group.samples.size() / 2, 2);
      model.train(group);
    }
    EXPECT_EQ(train_cards(config).record.weights, model.weights()) << parts;
  }
}

TEST(Cards, OnePartIsTheSumAsItWas) {
  const CardsRun run = train_cards(on(1, 1));
  EXPECT_FALSE(run.record.cluster);
  EXPECT_EQ(run.record.weights, train(tiny_config(with({}))).record.weights);
  EXPECT_NE(run.record.weights, train_cards(on(1, 4)).record.weights);
}

TEST(Cards, OfOtherArithmeticAndMemoriesAgreeToo) {
  const std::vector<Sets> kinds{{{"numerics", "fp32"}},
                                {{"memory.organisation", "unified"}},
                                {{"dataflow.fc_weight_gradient", "per_group"}},
                                {{"training.optimizer", "adam"}, {"pipeline.overlap", "false"}},
                                {{"accelerator", "sata"},
                                 {"neuron.alpha", "0.9375"},
                                 {"tile.height", "4"},
                                 {"tile.width", "4"}}};
  for (const Sets& more : kinds) {
    const CardsRun one = train_cards(on(1, 4, more)), four = train_cards(on(4, 4, more));
    EXPECT_EQ(one.record.weights, four.record.weights) << more.front().path;
    EXPECT_EQ(four.weights[0], four.weights[3]);
  }
}

/// Time of the meetings to the picosecond; links cost what the formula says, and nothing else.
TEST(Cards, MeetingsTakeTheTimeOfTheFormula) {
  const Config config = tiny_config(on(4, 4, {{"cluster.latency_us", "3"}}));
  const CardsRun run = train_cards(config);
  std::uint64_t values = 0;
  for (const Layer& l : config.network.layers) values += l.weight_count();
  const CollectiveCost cost = Collective(config.cluster).cost({values, 1}, 128);
  const ClusterRecord& c = *run.record.cluster;
  EXPECT_EQ(c.meetings, 3U);
  EXPECT_EQ(c.link_ps, 3 * cost.link_ps);
  EXPECT_EQ(c.memory_ps, 3 * cost.memory_ps);
  EXPECT_EQ(c.sent_bytes, 3 * cost.sent_bytes);
  ASSERT_EQ(c.wait_ps.size(), 4U);
  const CardsRun slow = train_cards(on(4, 4, {{"cluster.latency_us", "1003"}}));
  // Six steps of each of three meetings take a millisecond more; 800 MHz.
  EXPECT_NEAR(static_cast<double>(slow.cycles - run.cycles), 18 * 1e-3 * 800e6, 3000);
  EXPECT_EQ(run.summary["cluster"]["cards"], 4);
  EXPECT_EQ(run.summary["cluster"]["meetings"], 3);
}

/// Cards with the same work count the same; one card's counters are those of its run alone.
TEST(Cards, EveryCardIsInTheResults) {
  const Sets whole_groups{{"dataset.train_limit", "32"}};
  const CardsRun run = train_cards(on(4, 4, whole_groups));
  const auto& cluster = run.summary["cluster"];
  ASSERT_EQ(cluster["by_card"].size(), 4U);
  const auto& first = cluster["by_card"][0];
  double energy = 0, dram = 0;
  for (const auto& card : cluster["by_card"]) {
    for (const auto& [engine, e] : card["engines"].items()) {
      const auto& here = run.summary["engines"][engine];
      const auto& of_first = first["engines"][engine];
      EXPECT_EQ(of_first["busy_cycles"], here["busy_cycles"]);
      EXPECT_NEAR(e["busy_cycles"].get<double>(), of_first["busy_cycles"].get<double>(),
                  0.05 * of_first["busy_cycles"].get<double>());
      EXPECT_EQ(e["busy_cycles"].get<std::uint64_t>() + e["stall_cycles"].get<std::uint64_t>() +
                    e["idle_cycles"].get<std::uint64_t>(),
                run.summary["time"]["cycles"].get<std::uint64_t>());
    }
    EXPECT_GT(card["write_bytes"].get<double>(), 0.9 * first["write_bytes"].get<double>());
    energy += card["energy_j"].get<double>();
    dram += card["dram_j"].get<double>();
  }
  EXPECT_DOUBLE_EQ(first["energy_j"].get<double>(), run.summary["energy"]["total_j"].get<double>());
  EXPECT_DOUBLE_EQ(cluster["all_cards"]["energy_j"].get<double>(), energy);
  EXPECT_DOUBLE_EQ(cluster["all_cards"]["dram_j"].get<double>(), dram);
  EXPECT_EQ(cluster["all_cards"]["samples"], run.record.samples);
  const CardsRun one = train_cards(on(1, 4, whole_groups));
  EXPECT_GT(energy, one.summary["energy"]["by_cause"]["dynamic"].get<double>());
  EXPECT_LT(energy, 4 * one.summary["energy"]["total_j"].get<double>())
      << "the same sums on four cards, in less time";
}

TEST(Cards, MeetingsAreListed) {
  const CardsRun run = train_cards(on(4, 4));
  const auto& meetings = run.summary["cluster"]["last_meetings"];
  ASSERT_EQ(meetings.size(), 3U);
  double waits = 0, links = 0;
  for (const auto& m : meetings) {
    ASSERT_EQ(m["arrival_seconds"].size(), 4U);
    for (const auto& at : m["arrival_seconds"]) {
      EXPECT_LE(at.get<double>(), m["begin_seconds"].get<double>());
      waits += m["begin_seconds"].get<double>() - at.get<double>();
    }
    links += m["link_seconds"].get<double>();
  }
  double all = 0;
  for (const auto& w : run.summary["cluster"]["wait_seconds"]) all += w.get<double>();
  EXPECT_NEAR(waits, all, 1e-12);
  EXPECT_NEAR(links, run.summary["cluster"]["link_seconds"].get<double>(), 1e-12);
}

/// An overflow in one card's part skips the group on all of them, as on one card.
TEST(Cards, SkipAGroupTogether) {
  const Sets dynamic{{"training.loss_scale", "dynamic"}, {"training.init_gain", "20"}};
  const CardsRun one = train_cards(on(1, 4, dynamic)), two = train_cards(on(2, 4, dynamic));
  ASSERT_TRUE(one.record.loss_scale);
  EXPECT_GT(one.record.loss_scale->skipped_groups, 0U) << "the case is one";
  EXPECT_EQ(one.record.loss_scale->skipped_groups, two.record.loss_scale->skipped_groups);
  EXPECT_EQ(one.record.loss_scale->factor, two.record.loss_scale->factor);
  EXPECT_EQ(one.record.weights, two.record.weights);
  EXPECT_EQ(two.weights[0], two.weights[1]);
}

TEST(Cards, StopTogether) {
  for (const int after : {0, 5, 13, 21}) {
    const CardsRun run = train_cards(tiny_config(on(4, 4)), after);
    EXPECT_TRUE(run.record.interrupted);
    for (const auto& weights : run.weights) EXPECT_EQ(weights, run.weights.front()) << after;
  }
}

TEST(Cards, AnErrorOfOneEndsAll) {
  const Sets bad{{"training.loss_scale", "16777216"}, {"training.init_gain", "8"}};
  try {
    train_cards(on(2, 2, bad));
    FAIL() << "no overflow";
  } catch (const RunError& e) {
    EXPECT_NE(std::string(e.what()).find("training step 1"), std::string::npos) << e.what();
  }
}

void expect_refused(const Sets& sets, const std::string& text) {
  try {
    train_cards(sets);
    FAIL() << "not refused: " << text;
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
  }
}

TEST(Cards, BadNumbersAreRefused) {
  expect_refused(on(3, 4), "training.replicas: 4 contradicts cluster.cards = 3; legal: a multiple");
  expect_refused(on(1, 9),
                 "training.replicas: 9 contradicts training.batch_group = 8; legal: 1 to");
  expect_refused(on(2, 6, {{"cluster.algorithm", "tree"}}), "training.replicas: 6 contradicts");
  expect_refused(on(3, 3, {{"cluster.algorithm", "halving"}}), "cluster.cards: 3 contradicts");
  expect_refused(on(2, 2, {{"training.update", "fused"}}),
                 "training.update: \"fused\" contradicts");
  expect_refused(on(16, 16, {{"training.batch_group", "16"}}), "legal in one process: 1 to 8");
  EXPECT_THROW(require_parts(tiny_config(on(1, 8)).training, 40), InputError);
  EXPECT_NO_THROW(require_parts(tiny_config(on(1, 4)).training, 40));
}

/// Weights of all cards are the mean; each has samples of its own.
TEST(Federated, CardsEndARoundWithTheSameWeights) {
  const Sets federated =
      with({{"cluster.cards", "4"}, {"training.epochs", "2"}, {"federated.local_epochs", "1"}});
  const CardsRun run = train_cards(federated);
  EXPECT_EQ(run.record.cluster->meetings, 2U);
  for (const auto& weights : run.weights) EXPECT_EQ(weights, run.weights.front());
  Sets other = federated;
  other.push_back({"federated.shards", "two_label"});
  EXPECT_NE(train_cards(other).record.weights, run.record.weights);
  Sets slow = federated;
  slow.push_back({"federated.straggler", "3"});
  const CardsRun late = train_cards(slow);
  EXPECT_EQ(late.record.weights, run.record.weights);
  // The meetings themselves take no longer.
  EXPECT_GT(static_cast<double>(late.cycles), 1.5 * static_cast<double>(run.cycles));
  EXPECT_GT(late.record.cluster->wait_ps[0], run.record.cluster->wait_ps[0]);
  EXPECT_EQ(late.record.cluster->wait_ps[3], 0U);
}

/// Samples of all, engines of each.
TEST(Federated, ResultsAreThoseOfAllCards) {
  const CardsRun run = train_cards(with({{"cluster.cards", "4"}, {"federated.local_epochs", "1"}}));
  const auto& cluster = run.summary["cluster"];
  EXPECT_EQ(cluster["all_cards"]["samples"], 40);
  EXPECT_EQ(run.record.samples, 10U);
  for (const auto& card : cluster["by_card"]) {
    EXPECT_GT(card["engines"]["forward"]["busy_cycles"].get<int>(), 0);
  }
}

/// One card, all samples: a training whose optimiser starts anew in every round.
TEST(Federated, OneCardIsATrainingInRounds) {
  const Sets one{
      {"training.epochs", "2"}, {"training.momentum", "0"}, {"training.shuffle", "false"}};
  Sets federated = one;
  federated.push_back({"federated.local_epochs", "1"});
  EXPECT_EQ(train_cards(with(federated)).record.weights, train_cards(with(one)).record.weights);
}

TEST(Federated, BadNumbersAreRefused) {
  const Sets three{{"training.epochs", "3"}, {"federated.local_epochs", "2"}};
  expect_refused(with(three), "training.epochs: 3 contradicts federated.local_epochs = 2");
  expect_refused(with({{"federated.local_epochs", "1"},
                       {"training.checkpoint.every", "1"},
                       {"training.loss_scale", "dynamic"}}),
                 "training.checkpoint.every: 1 contradicts");
}

}  // namespace
}  // namespace h2
