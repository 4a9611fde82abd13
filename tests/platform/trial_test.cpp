// SPDX-License-Identifier: Apache-2.0
#include "platform/host/trial.h"

#include <gtest/gtest.h>

#include <cmath>

#include "platform/host/learning_warnings.h"
#include "tests/platform/simulation.h"

// What says that a network does not learn: the trial of one sub-batch, and warnings behind a run.

namespace h2 {
namespace {

struct Tried {
  TrialPass first;
  std::optional<float> gain, loss_scale;
};

Tried try_out(const Sets& sets) {
  Sets all{{"network.layers", "8C3S2(Encoding)-AP2-64FC-10FC"},
           {"network.timesteps", "4"},
           {"training.sub_batch", "4"},
           {"training.init_gain", "2"},
           {"dataset.train_limit", "64"}};
  all.insert(all.end(), sets.begin(), sets.end());
  const Config config = tiny_config(all);
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  Bench bench(config);
  Trial trial(config, data.train, start_weights(config), bench.platform);
  bench.run([&](HostCpu& host) { trial(host); });
  return {trial.first, trial.gain, trial.loss_scale};
}

TEST(Trial, FindsNothingWhereAllIsWell) {
  const Tried tried = try_out({});
  EXPECT_FALSE(tried.first.rate_outside(Trial::kFewSpikes, Trial::kManySpikes));
  EXPECT_FALSE(tried.first.overflows());
  EXPECT_FALSE(tried.gain);
  EXPECT_FALSE(tried.loss_scale);
  ASSERT_EQ(tried.first.layers.size(), 3U);
  for (const TrialLayer& layer : tried.first.layers) {
    EXPECT_GT(layer.densities.spikes.nonzeros, 0U);
    EXPECT_GT(layer.densities.mask.nonzeros, 0U);
    EXPECT_GT(layer.densities.gradient.nonzeros, 0U);
  }
  EXPECT_GT(tried.first.cycles, 1000U);
}

TEST(Trial, FindsTheGainWithWhichAllLayersFire) {
  const Tried tried = try_out({{"training.init_gain", "0.25"}});
  ASSERT_TRUE(tried.first.rate_outside(Trial::kFewSpikes, Trial::kManySpikes));
  ASSERT_TRUE(tried.gain);
  EXPECT_GT(*tried.gain, 1);
  const std::string better = std::to_string(0.25F * *tried.gain);
  const Tried again = try_out({{"training.init_gain", better}});
  EXPECT_FALSE(again.first.rate_outside(Trial::kFewSpikes, Trial::kManySpikes)) << better;
}

TEST(Trial, HasNoGainForAThresholdOutOfReach) {
  const Tried tried = try_out({{"neuron.th_f", "60000"}});
  EXPECT_TRUE(tried.first.rate_outside(Trial::kFewSpikes, Trial::kManySpikes));
  EXPECT_FALSE(tried.gain);
}

/// The gradients of a group's sub-batch, with its loss scale: too small a scale loses them.
TEST(Trial, FindsALossScaleThatKeepsGradients) {
  const Tried tried = try_out({{"training.loss_scale", "1"}, {"training.batch_group", "512"}});
  EXPECT_GT(tried.first.lost_share(), Trial::kLostGradients);
  ASSERT_TRUE(tried.loss_scale);
  EXPECT_GT(*tried.loss_scale, 1);
}

TEST(Trial, FindsALossScaleWithoutOverflow) {
  const Tried tried = try_out({{"training.loss_scale", "16777216"},
                               {"training.batch_group", "1"},
                               {"training.loss", "cross_entropy"}});
  EXPECT_TRUE(tried.first.overflows());
  ASSERT_TRUE(tried.loss_scale);
  EXPECT_LT(*tried.loss_scale, 16777216);
}

std::vector<std::string> texts_of(const Sets& sets) {
  const Config config = tiny_config(sets);
  const TrainingRun run = train(config);
  std::vector<std::string> texts;
  for (const Warning& w : learning_warnings(config, run.record)) {
    EXPECT_EQ(w.kind, "learning");
    texts.push_back(w.text);
  }
  return texts;
}

TEST(LearningWarnings, NoneForANetworkThatLearns) { EXPECT_TRUE(texts_of({}).empty()); }

TEST(LearningWarnings, NameTheLayersThatNeverFire) {
  EXPECT_EQ(texts_of({{"neuron.th_f", "60000"}}).front(),
            "no layer fires: raise training.init_gain or lower neuron.th_f");
  const std::string quiet = texts_of({{"training.init_gain", "0.3"}}).front();
  EXPECT_EQ(quiet.substr(0, 15), "no layer after ");
}

TEST(LearningWarnings, NameLayersWithoutGradients) {
  const auto closed = texts_of({{"neuron.th_l", "9000"}, {"neuron.th_r", "9001"}});
  EXPECT_EQ(closed, std::vector<std::string>{
                        "all gradients of conv1, conv2, fc1, fc2 are zero: no potential "
                        "of fc2 lies between neuron.th_l and neuron.th_r"});
}

TEST(LearningWarnings, ALossOfChanceIsNoLearning) {
  EXPECT_DOUBLE_EQ(chance_loss(LossKind::mse, 10), 0.09);
  EXPECT_DOUBLE_EQ(chance_loss(LossKind::cross_entropy, 4), std::log(4));
  const Config config = tiny_config({});
  RunRecord record;
  record.loss.assign(49, 0.0899);
  EXPECT_TRUE(learning_warnings(config, record).empty()) << "too early to say";
  record.loss.push_back(0.0899);
  ASSERT_EQ(learning_warnings(config, record).size(), 1U);
  EXPECT_EQ(learning_warnings(config, record)[0].text,
            "the mean loss of the last 25 batch groups, 0.0899, is that of chance, 0.0900: the "
            "network has not learnt");
  for (std::size_t i = 25; i < 50; ++i) record.loss[i] = 0.05;
  EXPECT_TRUE(learning_warnings(config, record).empty());
}

}  // namespace
}  // namespace h2
