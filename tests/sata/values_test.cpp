// SPDX-License-Identifier: Apache-2.0
// The driver's arithmetic for networks of ReLU: FP16 values, the exponential, losses and gradients.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "modules/arithmetic/fp16.h"
#include "platform/driver/h2_math.h"
#include "platform/driver/h2_values.h"

namespace h2 {
namespace {

TEST(DriverValues, EveryHalfIsItsValue) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = h2_single(half), expected = from_fp16(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      continue;
    }
    EXPECT_EQ(value, expected) << bits;
    EXPECT_EQ(std::signbit(value), std::signbit(expected)) << bits;
    EXPECT_EQ(h2_half(value), half);
  }
}

TEST(DriverValues, ExponentialOfFractions) {
  for (double x = 0; x < 700; x += 0.37) {
    EXPECT_NEAR(h2_exp_below(x) / std::exp(-x), 1.0, 1e-12) << x;
  }
  EXPECT_EQ(h2_exp_below(0), 1.0);
  EXPECT_EQ(h2_exp_below(700), 0.0);
  EXPECT_EQ(h2_exp_below(-1), 0.0);
  EXPECT_EQ(h2_exp_below(NAN), 0.0);
}

TEST(DriverValues, GradientsAreSlopesOfTheLoss) {
  const std::vector<float> outputs{0.5F, -1.25F, 2.0F, 0.0F};
  for (const std::uint32_t loss : {H2_LOSS_MSE, H2_LOSS_CROSS_ENTROPY}) {
    std::vector<float> gradient(4), unused(4);
    constexpr std::uint32_t kSamples = 3;
    constexpr float kScale = 8, kStep = 1e-3F;
    h2_value_loss(loss, outputs.data(), 4, 1, kSamples, kScale, gradient.data());
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      std::vector<float> above = outputs, below = outputs;
      above[k] += kStep;
      below[k] -= kStep;
      const double slope = (h2_value_loss(loss, above.data(), 4, 1, 1, 1, unused.data()) -
                            h2_value_loss(loss, below.data(), 4, 1, 1, 1, unused.data())) /
                           (above[k] - below[k]);
      EXPECT_NEAR(gradient[k], slope * kScale / kSamples, 1e-4) << loss << " " << k;
    }
  }
  EXPECT_EQ(h2_value_loss(H2_LOSS_MSE, outputs.data(), 4, 4, 1, 1, nullptr), -1.0);
  EXPECT_EQ(h2_value_loss(H2_LOSS_MSE, outputs.data(), 4, 0, 0, 1, nullptr), -1.0);
  EXPECT_EQ(h2_largest(outputs.data(), 4), 2U);
}

}  // namespace
}  // namespace h2
