// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <numeric>

#include "tests/platform/simulation.h"

namespace h2 {
namespace {

double mean(const std::vector<double>& values, std::size_t begin, std::size_t end) {
  return std::accumulate(values.begin() + begin, values.begin() + end, 0.0) / (end - begin);
}

/// Training through the whole board does what training is for.
void expect_learns(const Sets& sets) {
  Sets all{{"network.layers", "8C3S2(Encoding)-AP2-64FC-10FC"},
           {"network.timesteps", "3"},
           {"training.sub_batch", "8"},
           {"training.batch_group", "2"},
           {"training.epochs", "5"},
           {"training.init_gain", "1"},
           {"training.loss_scale", "16"},
           {"training.learning_rate", "0.5"},
           {"dataset.train_limit", "320"},
           {"dataset.test_limit", "160"}};
  all.insert(all.end(), sets.begin(), sets.end());
  const TrainingRun run = train(tiny_config(all));
  const std::vector<double>& loss = run.record.loss;
  ASSERT_EQ(loss.size(), 100U);
  EXPECT_LT(mean(loss, 80, 100), 0.6 * mean(loss, 0, 4));
  EXPECT_GT(run.record.train_accuracy.value_or(0), 0.6);
  EXPECT_GT(run.record.test_accuracy.value_or(0), 0.4);  // chance is 0.1
}

TEST(Learning, SgdLearnsDigits) { expect_learns({}); }

TEST(Learning, AdamWithCrossEntropyLearnsDigits) {
  expect_learns({{"training.optimizer", "adam"},
                 {"training.learning_rate", "0.005"},
                 {"training.loss", "cross_entropy"}});
}

Sets with_adam(Sets sets) {
  sets.insert(sets.end(), {{"training.optimizer", "adam"},
                           {"training.learning_rate", "0.005"},
                           {"training.loss", "cross_entropy"}});
  return sets;
}

TEST(Learning, AnMlpLearnsFromPixels) {
  expect_learns(with_adam({{"network.layers", "64FC(Encoding)-10FC"}}));
}

TEST(Learning, AnMlpLearnsFromRateCodedPixels) {
  expect_learns(with_adam({{"network.layers", "64FC-10FC"}, {"dataset.coding", "rate"}}));
}

}  // namespace
}  // namespace h2
