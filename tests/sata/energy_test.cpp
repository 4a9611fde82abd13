// SPDX-License-Identifier: Apache-2.0
// The published energy model on its own network: ratios of the paper and of readers of it, and what
// they depend on. SATA.md, "Energy", has the table.

#include <gtest/gtest.h>

#include "modules/sata/published_energy.h"
#include "tests/arithmetic/random_case.h"

namespace h2 {
namespace {

const std::vector<Layer>& tool_network() {
  static const std::vector<Layer> layers{
      conv_layer(3, 1, 32, 32, 64, 3, 1), conv_layer(64, 1, 16, 16, 128, 3, 1),
      conv_layer(128, 1, 16, 16, 128, 3, 1), fc_layer(8192, 1, 1024), fc_layer(1024, 1, 10)};
  return layers;
}

const SataDensities kDense{{1, 1, 1, 1, 1}, 1, 1};

/// Spike densities of the paper's Table VI; the last layer's, which it does not have, as before it.
SataDensities published(double gradients) {
  return {{0.565, 0.142, 0.084, 0.016, 0.016}, gradients, 0.4};
}

PublishedEnergy spiking(const SataDensities& densities, int steps = 8, int samples = 1) {
  return spiking_energy(tool_network(), steps, densities, SataCosts{}, samples);
}

TEST(SataEnergy, UnitsAreWhatTheyAreMadeOf) {
  const SataCosts costs;
  EXPECT_NEAR(costs.lif(), 0.1126, 1e-4);
  EXPECT_NEAR(costs.spike_mac(), 0.0397, 1e-4);
  EXPECT_NEAR(costs.gradient_unit(), 0.2722, 1e-4);
  EXPECT_NEAR(costs.value_mac(), 0.2779, 1e-4);
}

TEST(SataEnergy, GainBySparsityFollowsTheDensityOfGradients) {
  const double dense = spiking(kDense).compute;
  const auto gain = [&](double gradients) { return dense / spiking(published(gradients)).compute; };
  // Paper: 5.58. The density of gradients is not published; 0.2 is what fits.
  EXPECT_NEAR(gain(0.1), 9.80, 0.01);
  EXPECT_NEAR(gain(0.15), 7.10, 0.01);
  EXPECT_NEAR(gain(0.2), 5.57, 0.01);
  EXPECT_NEAR(gain(0.3), 3.89, 0.01);
}

TEST(SataEnergy, SpikingAgainstReluTraining) {
  const PublishedEnergy relu = relu_energy(tool_network(), SataCosts{}), dense = spiking(kDense);
  const PublishedEnergy gated = spiking(published(0.2));
  EXPECT_NEAR(dense.compute / relu.compute, 3.43, 0.01);    // readers of the paper: 3.28
  EXPECT_NEAR(dense.memory / relu.memory, 1.26, 0.01);      // 1.28
  EXPECT_NEAR(dense.total() / relu.total(), 1.335, 0.001);  // 1.35
  EXPECT_NEAR(gated.total() / relu.total(), 1.24, 0.01);    // paper: 1.27
}

TEST(SataEnergy, MoreTimestepsCostMoreAndBatchesShareWeights) {
  const double relu = relu_energy(tool_network(), SataCosts{}).total();
  const auto ratio = [&](int steps) { return spiking(published(0.2), steps).total() / relu; };
  EXPECT_NEAR(ratio(2), 1.00, 0.01);
  EXPECT_NEAR(ratio(4), 1.08, 0.01);
  EXPECT_NEAR(ratio(10), 1.32, 0.01);
  const double shared = relu_energy(tool_network(), SataCosts{}, 32).total();
  EXPECT_NEAR(spiking(published(0.2), 8, 32).total() / shared, 2.51, 0.01);
}

}  // namespace
}  // namespace h2
