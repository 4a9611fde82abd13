// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "modules/arithmetic/simd/isa.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "tests/arithmetic/isa_guard.h"
#include "tests/arithmetic/random_case.h"

// Bit planes count 2^(p-8), or 2^(p-2): the whole FP16 range can be used, and what is lost below it
// is within the bound of decision 0036. On every instruction set.

namespace h2 {
namespace {

const double kSmallest = std::ldexp(1.0, -24);

/// A value of `planes` bits at every one of `positions` inputs of one channel.
BitMap all_at(int value, int planes, int positions) {
  BitMap input(1, 1, positions, planes);
  for (int x = 0; x < positions; ++x)
    for (int p = 0; p < planes; ++p) input.set(0, 0, x, p, ((value >> p) & 1) != 0);
  return input;
}

struct Sum {
  float value = 0;
  std::uint64_t underflows = 0;
};

/// grad-w of a 1x1 convolution whose input has `value` everywhere.
Sum weight_gradient(int value, int planes, float grad, int positions, Evaluation evaluation) {
  const Layer layer = conv_layer(1, planes, 1, positions, 1, 1, 1);
  ValueMap grad_u(1, 1, positions, 1);
  std::fill(grad_u.values.begin(), grad_u.values.end(), grad);
  const WeightGradientArray array(layer, {}, {8, 8}, Numerics::fp16, evaluation);
  Sum sum;
  sum.underflows =
      array.run(1, 1, all_at(value, planes, positions), grad_u, 0, 1, 0, 1, &sum.value);
  return sum;
}

/// The spatial term of an FC layer with `count` weights, all `weight`.
float spatial(int value, int planes, float weight, int count, Evaluation evaluation) {
  const Layer layer = fc_layer(count, planes, 1);
  const std::vector<float> weights(static_cast<std::size_t>(count), weight);
  ForwardArray array(layer, {}, Numerics::fp16, evaluation);
  array.load(weights.data(), 0, 1);
  BitMap input(1, 1, 1, count * planes);
  for (int c = 0; c < count * planes; ++c)
    input.set(0, 0, 0, c, ((value >> (c % planes)) & 1) != 0);
  ValueMap sums(1, 1, 1, 1);
  array.run(input, {0, 1, 0, 1}, sums);
  return sums.values[0];
}

/// Of P additions of partial sums, lowest plane first, and of P products.
double bound(int planes, double magnitude) {
  const double additions = 2 * magnitude * std::ldexp(1.0, -11);
  const double products = (planes == 8 ? 8 : 2) * kSmallest / 2;
  return additions + products;
}

class Planes : public ::testing::TestWithParam<Isa> {
 protected:
  IsaGuard guard_{isa_name(GetParam())};
};

constexpr Evaluation kWays[] = {Evaluation::fast, Evaluation::table, Evaluation::direct};

TEST_P(Planes, SumsOfPixelsReachTheEndOfTheRange) {
  for (const Evaluation way : kWays) {
    // 32 positions: plane sums of 64,000.
    const float gradient = weight_gradient(255, 8, 2000.0F, 32, way).value;
    EXPECT_NEAR(gradient, 64000.0 * 255 / 256, 64);
    const float potential = spatial(255, 8, 640.0F, 100, way);
    EXPECT_NEAR(potential, 64000.0 * 255 / 256, 64);
    EXPECT_TRUE(std::isinf(weight_gradient(255, 8, 2100.0F, 32, way).value));
    EXPECT_TRUE(std::isinf(spatial(255, 8, 640.0F, 104, way)));
  }
}

TEST_P(Planes, ErrorOfAWeightGradientIsWithinTheBound) {
  Draw draw(11);
  for (int i = 0; i < 2000; ++i) {
    const int planes = draw.among<int>({3, 8});
    const int value = draw.integer(0, planes == 8 ? 255 : 4);
    const auto size = static_cast<float>(std::ldexp(1.0, draw.integer(-24, 15)));
    const float grad = draw.value(size);
    const double exact = static_cast<double>(grad) * value / (planes == 8 ? 256 : 4);
    const Sum sum =
        weight_gradient(value, planes, grad, 1, draw.among<Evaluation>({kWays[0], kWays[1]}));
    EXPECT_LE(std::abs(sum.value - exact), bound(planes, std::abs(grad))) << grad << " * " << value;
    const bool lost = exact != 0 && sum.value == 0;
    EXPECT_EQ(sum.underflows, lost ? 1U : 0U) << grad << " * " << value;
  }
}

TEST_P(Planes, ErrorOfASpatialTermIsWithinTheBound) {
  Draw draw(12);
  for (int i = 0; i < 2000; ++i) {
    const int planes = draw.among<int>({3, 8});
    const int value = draw.integer(0, planes == 8 ? 255 : 4);
    const auto size = static_cast<float>(std::ldexp(1.0, draw.integer(-24, 15)));
    const float weight = draw.value(size);
    const double exact = static_cast<double>(weight) * value / (planes == 8 ? 256 : 4);
    const float sum =
        spatial(value, planes, weight, 1, draw.among<Evaluation>({kWays[0], kWays[1]}));
    EXPECT_LE(std::abs(sum - exact), bound(planes, 4 * std::abs(weight)))
        << weight << " * " << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Planes, ::testing::ValuesIn(supported_isas()),
                         [](const auto& info) { return std::string(isa_name(info.param)); });

}  // namespace
}  // namespace h2
