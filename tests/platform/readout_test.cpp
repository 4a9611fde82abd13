// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/platform/card.h"
#include "tests/platform/simulation.h"

// A read-out has no threshold: its loss is smooth in weights and bias, so that the gradient that
// the card computes must be the slope that finite differences measure.

namespace h2 {
namespace {

constexpr double kStep = 0.01;

Config readout_config(const char* loss) {
  return tiny_config({{"network.layers", "[{type: fc, neurons: 5, bias: true, readout: true}]"},
                      {"neuron.alpha", "0.5"},
                      {"network.timesteps", "4"},
                      {"network.input.channels", "3"},
                      {"network.input.height", "2"},
                      {"network.input.width", "2"},
                      {"machine.extensions", "true"},
                      {"numerics", "fp32"},
                      {"training.loss", loss},
                      {"training.loss_scale", "1"},
                      {"training.momentum", "0"},
                      {"training.learning_rate", "1"}});
}

class Readout : public ::testing::TestWithParam<const char*> {};

/// Loss with these weights; they become the weights behind a step of rate 1.
double trained(Card& card, const TrainingGroup& group, std::vector<float>& weights) {
  EXPECT_EQ(h2_write_weights(&card.device, 0, weights.data()), H2_OK);
  EXPECT_EQ(card.train(group), H2_OK);
  const std::vector<std::uint8_t> after = card.weights()[0];
  std::memcpy(weights.data(), after.data(), after.size());
  return card.group.loss_sum / static_cast<double>(group.samples.size());
}

TEST_P(Readout, GradientIsTheSlopeOfTheLoss) {
  const Config config = readout_config(GetParam());
  const TrainingGroup group = random_training_group(config, {2, 2}, 5);
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    std::vector<float> start = start_weights(config)[0], stepped = start;
    const std::size_t inputs = start.size() / 5;
    for (std::size_t o = 0; o < 5; ++o) {
      EXPECT_EQ(start[(o + 1) * inputs - 1], 0.0F);  // a bias begins at 0
      stepped[(o + 1) * inputs - 1] = start[(o + 1) * inputs - 1] = 0.1F * static_cast<float>(o);
    }
    trained(card, group, stepped);
    double largest = 0;
    for (std::size_t i = 0; i < start.size(); ++i) {
      std::vector<float> above = start, below = start;
      above[i] += static_cast<float>(kStep);
      below[i] -= static_cast<float>(kStep);
      const double slope =
          (trained(card, group, above) - trained(card, group, below)) / (2 * kStep);
      EXPECT_NEAR(start[i] - stepped[i], slope, 2e-4) << i;
      largest = std::max(largest, std::abs(slope));
    }
    EXPECT_GT(largest, 0.02);
  });
}

INSTANTIATE_TEST_SUITE_P(Losses, Readout, ::testing::Values("mse", "cross_entropy"));

}  // namespace
}  // namespace h2
