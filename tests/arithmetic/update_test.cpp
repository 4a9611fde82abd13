// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/update.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace h2 {
namespace {

TEST(Update, SgdWithMomentumByHand) {
  UpdateSpec spec;
  spec.learning_rate = 0.5F;
  spec.momentum = 0.25F;
  spec.loss_scale = 1024.0F;
  std::vector<float> weight{1.0F, -2.0F}, velocity{0.0F, 8.0F};
  const std::vector<float> gradient{2048.0F, -1024.0F};
  update_weights(spec, 1, gradient.data(), weight.data(), velocity.data(), nullptr, 2);
  EXPECT_EQ(velocity, (std::vector<float>{2.0F, 1.0F}));
  EXPECT_EQ(weight, (std::vector<float>{0.0F, -2.5F}));
  update_weights(spec, 2, gradient.data(), weight.data(), velocity.data(), nullptr, 2);
  EXPECT_EQ(velocity, (std::vector<float>{2.5F, -0.75F}));
  EXPECT_EQ(weight, (std::vector<float>{-1.25F, -2.125F}));
}

TEST(Update, SgdRoundsTheProductBeforeTheSum) {
  UpdateSpec spec;
  spec.learning_rate = 1.0F;
  spec.momentum = 1.0F + 0x1p-12F;
  float weight = 0.0F, velocity = 1.0F + 0x1p-12F;
  const float gradient = -1.0F;
  update_weights(spec, 1, &gradient, &weight, &velocity, nullptr, 1);
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 loses its last term before 1 is taken away.
  EXPECT_EQ(velocity, 0x1p-11F);
}

TEST(Update, AdamMatchesDoublePrecision) {
  UpdateSpec spec;
  spec.optimizer = Optimizer::adam;
  spec.learning_rate = 0.01F;
  float weight = 0.5F, first = 0.0F, second = 0.0F;
  double w = 0.5, m = 0.0, v = 0.0;
  for (unsigned step = 1; step <= 50; ++step) {
    const auto gradient = static_cast<float>(std::sin(step * 0.7) + 0.2);
    update_weights(spec, step, &gradient, &weight, &first, &second, 1);
    m = 0.9 * m + 0.1 * gradient;
    v = 0.999 * v + 0.001 * gradient * gradient;
    w -= 0.01 * (m / (1 - std::pow(0.9, step))) /
         (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
    ASSERT_NEAR(weight, w, 2e-5) << "step " << step;
  }
}

TEST(Update, WeightDecayOfSgdIsPartOfTheGradient) {
  UpdateSpec spec;
  spec.learning_rate = 0.5F;
  spec.momentum = 0.5F;
  spec.loss_scale = 4;
  spec.weight_decay = 0.25F;
  float weight = 2, velocity = 1;
  const float gradient = 8;
  update_weights(spec, 1, &gradient, &weight, &velocity, nullptr, 1);
  EXPECT_EQ(velocity, 3.0F);  // 0.5 * 1 + (8 / 4 + 0.25 * 2)
  EXPECT_EQ(weight, 0.5F);
}

/// Not even 0 times the weight, which would make -0 of a gradient +0 and NaN of an infinite weight.
TEST(Update, WithoutDecayNothingIsAdded) {
  UpdateSpec spec;
  spec.momentum = 0.5F;
  std::vector<float> weight{1, INFINITY}, velocity{-0x1p-149F, 0};
  const std::vector<float> gradient{-0.0F, 1};
  update_weights(spec, 1, gradient.data(), weight.data(), velocity.data(), nullptr, 2);
  EXPECT_TRUE(velocity[0] == 0 && std::signbit(velocity[0]));
  EXPECT_EQ(weight[1], INFINITY);
}

TEST(Update, WeightDecayOfAdamShrinksTheWeightAlone) {
  UpdateSpec plain, decayed;
  plain.optimizer = decayed.optimizer = Optimizer::adam;
  plain.learning_rate = decayed.learning_rate = 0.125F;
  decayed.weight_decay = 0.5F;
  float weights[2] = {1.0F, 1.0F}, first[2] = {}, second[2] = {};
  const float gradient = 0.3F;
  update_weights(plain, 1, &gradient, &weights[0], &first[0], &second[0], 1);
  update_weights(decayed, 1, &gradient, &weights[1], &first[1], &second[1], 1);
  EXPECT_EQ(first[0], first[1]);
  EXPECT_EQ(second[0], second[1]);
  EXPECT_FLOAT_EQ(weights[0] - weights[1], 0.0625F);  // 0.125 * 0.5 of a weight of 1
}

TEST(Update, FirstAdamStepMovesByTheLearningRate) {
  UpdateSpec spec;
  spec.optimizer = Optimizer::adam;
  spec.learning_rate = 0.125F;
  spec.loss_scale = 0x1p20F;
  for (const float gradient : {1e-3F, -40.0F}) {
    float weight = 0.0F, first = 0.0F, second = 0.0F;
    const float scaled = gradient * 0x1p20F;
    update_weights(spec, 1, &scaled, &weight, &first, &second, 1);
    EXPECT_NEAR(weight, gradient > 0 ? -0.125F : 0.125F, 1e-5F);
  }
}

}  // namespace
}  // namespace h2
