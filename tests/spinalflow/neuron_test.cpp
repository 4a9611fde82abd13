// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/spinalflow/filter_rows.h"
#include "modules/spinalflow/spinal_neuron.h"

namespace h2 {
namespace {

/// Ticks at which one neuron fires; `inputs`: weights by tick, in order.
std::vector<int> fires(const SpinalNeuron& neuron, const std::vector<std::vector<int>>& inputs) {
  SpinalLanes lanes;
  lanes.begin(neuron, 1, false);
  std::vector<int> ticks;
  for (std::size_t t = 0; t < inputs.size(); ++t) {
    for (const int w : inputs[t]) {
      const auto weight = static_cast<std::int8_t>(w);
      lanes.add(&weight);
    }
    if (lanes.end_tick()[0]) ticks.push_back(static_cast<int>(t));
  }
  return ticks;
}

SpinalNeuron neuron(SpinalFire fire, SpinalReset reset) {
  SpinalNeuron n;
  n.fire = fire;
  n.reset = reset;
  n.threshold = 100;
  return n;
}

TEST(SpinalNeuron, AnInhibitionLaterInTheTickComesTooLateForTheEventRule) {
  const std::vector<std::vector<int>> inputs{{120, -50}, {40}, {}};
  EXPECT_EQ(fires(neuron(SpinalFire::tick, SpinalReset::zero), inputs), (std::vector<int>{1}));
  EXPECT_EQ(fires(neuron(SpinalFire::event, SpinalReset::zero), inputs), (std::vector<int>{0}));
}

TEST(SpinalNeuron, ResetsAsAskedFor) {
  const std::vector<std::vector<int>> inputs{{127, 127, 56}, {}, {}, {}};
  using Ticks = std::vector<int>;
  EXPECT_EQ(fires(neuron(SpinalFire::tick, SpinalReset::zero), inputs), (Ticks{0}));
  EXPECT_EQ(fires(neuron(SpinalFire::tick, SpinalReset::subtract), inputs), (Ticks{0, 1, 2}));
  EXPECT_EQ(fires(neuron(SpinalFire::tick, SpinalReset::none), inputs), (Ticks{0, 1, 2, 3}));
  SpinalNeuron once = neuron(SpinalFire::tick, SpinalReset::none);
  once.one_spike = true;
  EXPECT_EQ(fires(once, inputs), (Ticks{0}));
}

TEST(SpinalNeuron, LeaksBetweenTicksAndRoundsDown) {
  SpinalNeuron n = neuron(SpinalFire::tick, SpinalReset::zero);
  n.leak = 128;
  EXPECT_EQ(fires(n, {{127, -28}, {51}}), (std::vector<int>{1}));  // 49 + 51
  EXPECT_EQ(fires(n, {{99}, {50}, {}}), (std::vector<int>{}));     // 49 + 50
  EXPECT_EQ(fires(n, {{-1}, {101}}), (std::vector<int>{1}));       // -1/2 is -1
  EXPECT_EQ(fires(n, {{-1}, {100}}), (std::vector<int>{}));
}

TEST(SpinalNeuron, WeightsAreRoundedToNearest) {
  const Int8Weights w = quantise({0.5F, -1.0F, 0.0F, 0.25F});
  EXPECT_EQ(w.values, (std::vector<std::int8_t>{64, -127, 0, 32}));
  EXPECT_FLOAT_EQ(w.scale, 1.0F / 127);
  EXPECT_EQ(quantise({0, 0}).values, (std::vector<std::int8_t>{0, 0}));
}

}  // namespace
}  // namespace h2
