// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/platform/simulation.h"

namespace h2 {
namespace {

using Json = nlohmann::json;

/// Three epochs of 10 samples, tested on 6. The memory has no banks, refreshes or stripes, in which
/// what went before would leave its traces.
TrainingRun three_epochs(bool test_every_epoch) {
  return train(tiny_config({{"training.epochs", "3"},
                            {"training.test_every_epoch", test_every_epoch ? "true" : "false"},
                            {"dataset.train_limit", "10"},
                            {"dataset.test_limit", "6"},
                            {"memory.preset", "ideal"}}));
}

TEST(Epochs, AreTheMeansOfTheirGroups) {
  const Json result = Json::parse(three_epochs(false).summary)["result"];
  ASSERT_EQ(result["epochs"].size(), 3U);
  ASSERT_EQ(result["loss"].size(), 9U);  // groups of 4, 4 and 2 samples
  for (std::size_t e = 0; e < 3; ++e) {
    const auto loss = [&](std::size_t group) {
      return result["loss"][3 * e + group].get<double>();
    };
    const Json& epoch = result["epochs"][e];
    EXPECT_NEAR(epoch["loss"].get<double>(), (4 * loss(0) + 4 * loss(1) + 2 * loss(2)) / 10, 1e-12);
    const double correct = 10 * epoch["train_accuracy"].get<double>();
    EXPECT_NEAR(correct, std::round(correct), 1e-9);
    EXPECT_EQ(epoch.contains("test_accuracy"), e == 2);
  }
  EXPECT_EQ(result["epochs"][2]["train_accuracy"], result["train_accuracy"]);
  EXPECT_EQ(result["epochs"][2]["test_accuracy"], result["test_accuracy"]);
}

/// Tests between epochs see the weights of that moment, change nothing and are not charged to the
/// training.
TEST(Epochs, TestsBetweenLeaveTheTrainingAlone) {
  const TrainingRun once = three_epochs(false), every = three_epochs(true);
  EXPECT_EQ(once.record.weights, every.record.weights);
  const Json last = Json::parse(once.summary), all = Json::parse(every.summary);
  EXPECT_EQ(last["result"]["loss"], all["result"]["loss"]);
  EXPECT_EQ(last["result"]["test_accuracy"], all["result"]["test_accuracy"]);
  const TrainingRun shorter = train(tiny_config(
      {{"training.epochs", "1"}, {"dataset.train_limit", "10"}, {"dataset.test_limit", "6"}}));
  EXPECT_EQ(all["result"]["epochs"][0]["test_accuracy"], *shorter.record.test_accuracy);
  EXPECT_EQ(last["time"]["evaluation"]["samples"], 6);
  EXPECT_EQ(all["time"]["evaluation"]["samples"], 18);
  const Json &once_time = last["time"], &every_time = all["time"];
  EXPECT_EQ(every_time["evaluation"]["cycles"].get<std::uint64_t>(),
            3 * once_time["evaluation"]["cycles"].get<std::uint64_t>());
  EXPECT_EQ(every_time["cycles"], once_time["cycles"]);
  EXPECT_EQ(every_time["cycles_per_sub_batch"], once_time["cycles_per_sub_batch"]);
  for (const auto& [name, engine] : all["engines"].items()) {
    EXPECT_EQ(engine["busy_cycles"], last["engines"][name]["busy_cycles"]) << name;
    EXPECT_EQ(engine["busy_cycles"].get<std::uint64_t>() +
                  engine["stall_cycles"].get<std::uint64_t>() +
                  engine["idle_cycles"].get<std::uint64_t>(),
              all["time"]["cycles"])
        << name;
  }
  // A test leaves the other half, Mem0 or Mem1, for the next sub-batch.
  const auto written = [](const Json& summary) {
    std::uint64_t bytes = 0;
    for (const auto& memory : summary["memory"])
      bytes += memory["write_bytes"].get<std::uint64_t>();
    return bytes;
  };
  EXPECT_EQ(written(all), written(last));
}

/// What the card is told with every update; by default nothing.
std::vector<h2_descriptor> updates(const Sets& sets) {
  Sets all{{"training.epochs", "3"}, {"dataset.train_limit", "10"}, {"dataset.test_limit", "4"}};
  all.insert(all.end(), sets.begin(), sets.end());
  std::vector<h2_descriptor> found;
  train(tiny_config(all), {}, "", [&](Platform& platform) {
    platform.controller.command_ended.add([&](const CardCommand& c) {
      if (c.descriptor.opcode == H2_OP_UPDATE) found.push_back(c.descriptor);
    });
  });
  return found;
}

TEST(LearningRate, FollowsItsScheduleOverTheWholeRun) {
  const std::vector<h2_descriptor> found = updates({{"training.learning_rate", "0.5"},
                                                    {"training.weight_decay", "0.25"},
                                                    {"training.schedule.kind", "cosine"},
                                                    {"training.schedule.warmup", "1"}});
  ASSERT_EQ(found.size(), 9U);  // three groups of each epoch
  EXPECT_EQ(found[0].learning_rate, 0.5F);
  for (int step = 2; step <= 9; ++step) {
    const double passed = (step - 2) / 8.0;  // eight steps behind the warm-up
    EXPECT_FLOAT_EQ(found[step - 1].learning_rate,
                    static_cast<float>(0.25 * (1 + std::cos(std::acos(-1.0) * passed))));
  }
  for (const h2_descriptor& d : found) {
    EXPECT_EQ(d.flags, H2_DESC_RATES);
    EXPECT_EQ(d.weight_decay, 0.25F);
  }
}

TEST(LearningRate, IsTheTablesWhereItNeverChanges) {
  for (const h2_descriptor& d : updates({})) {
    EXPECT_EQ(d.flags, 0);
    EXPECT_EQ(d.learning_rate, 0);
  }
}

}  // namespace
}  // namespace h2
