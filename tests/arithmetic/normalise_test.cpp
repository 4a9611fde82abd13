// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/normalise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "modules/arithmetic/fp16.h"
#include "tests/arithmetic/norm_reference.h"

// Batch norm: the functions against the definition, bit for bit, and the definition against finite
// differences in double.

namespace h2 {
namespace {

constexpr TileSpec kNormTile{4, 4};
constexpr int kNormChannels = 19, kNormHeight = 5, kNormWidth = 6, kNormSteps = 3, kNormBatch = 2;

Layer normalised_layer(BatchNormKind kind) {
  Layer layer;
  layer.cout = kNormChannels;
  layer.norm = kind;
  layer.neuron.th_f = 0.7F;
  return layer;
}

ValueMap drawn(int maps, Numerics numerics, float mean, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(mean, deviation);
  ValueMap map(maps, kNormHeight, kNormWidth, kNormChannels);
  for (float& v : map.values) {
    v = normal(random);
    if (numerics == Numerics::fp16) v = round_fp16(v);
  }
  return map;
}

/// The functions of an engine's passes over tiles and blocks of channels.
struct Pass {
  Layer layer;
  Numerics numerics;
  std::vector<float> norm, first, second, mean, variance, of_g, of_gx;
  ValueMap y, gradient;
  BitMap nonzero;
  RangeCount range;

  Pass(const Layer& l, Numerics n, const ValueMap& x, const ValueMap& g)
      : layer(l), numerics(n), nonzero(g.maps, kNormHeight, kNormWidth, kNormChannels) {
    for (int c = 0; c < 2 * kNormChannels; ++c) norm.push_back(round_fp16(0.5F + 0.03F * c));
    for (auto* v : {&first, &second, &mean, &variance, &of_g, &of_gx}) v->resize(kNormChannels);
    y = x;
    gradient = g;
    const float scale = (l.norm == BatchNormKind::tdbn_branch ? 0.70710678F : 1.0F) *
                        (n == Numerics::fp16 ? round_fp16(l.neuron.th_f) : l.neuron.th_f);
    const Norm all{mean.data(), variance.data(), norm.data(), norm.data() + kNormChannels, scale};
    const Tiling tiles(kNormHeight, kNormWidth, kNormTile);
    for (int c = 0; c < kNormChannels; c += 16) {
      const int end = std::min(c + 16, kNormChannels);
      for (int t = 0; t < tiles.count(); ++t) {
        add_currents(x, tiles.tile(t), c, end, {first.data(), second.data()});
      }
      const auto count = static_cast<std::uint64_t>(x.maps) * kNormHeight * kNormWidth;
      find_moments({first.data(), second.data()}, count, c, end, {mean.data(), variance.data()});
      for (int t = 0; t < tiles.count(); ++t) {
        normalise(all, n, x, tiles.tile(t), c, end, y);
        add_gradients(all, g, kNormSteps, x, tiles.tile(t), c, end, {of_g.data(), of_gx.data()});
      }
      for (int t = 0; t < tiles.count(); ++t) {
        range += gradient_of_currents(all, n, g, kNormSteps, x, {of_g.data(), of_gx.data()},
                                      static_cast<std::uint64_t>(g.maps) * kNormHeight * kNormWidth,
                                      tiles.tile(t), c, end, gradient, nonzero);
      }
    }
  }
};

class Normalise : public ::testing::TestWithParam<std::tuple<Numerics, BatchNormKind, bool>> {};

TEST_P(Normalise, IsTheDefinition) {
  const auto [numerics, kind, is_static] = GetParam();
  const Layer layer = normalised_layer(kind);
  const ValueMap x =
      drawn(is_static ? kNormBatch : kNormBatch * kNormSteps, numerics, 0.3F, 0.8F, 1);
  const ValueMap g = drawn(kNormBatch * kNormSteps, numerics, 0.1F, 2.0F, 2);
  const Pass pass(layer, numerics, x, g);
  const reference::Moments moments = reference::moments(x, kNormTile);
  EXPECT_EQ(pass.mean, moments.mean);
  EXPECT_EQ(pass.variance, moments.variance);
  EXPECT_EQ(pass.y.values,
            reference::normalised(layer, numerics, moments, pass.norm.data(), x).values);
  const reference::NormGradient expected =
      reference::norm_gradient(layer, numerics, moments, pass.norm.data(), g, x, kNormTile);
  EXPECT_EQ(pass.gradient.values, expected.currents.values);
  EXPECT_EQ(pass.range.overflows, 0U);
  for (int m = 0; m < g.maps; ++m)
    for (int c = 0; c < kNormChannels; ++c) {
      EXPECT_EQ(pass.nonzero.get(m, 4, 5, c), pass.gradient.at(m, 4, 5)[c] != 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Forms, Normalise,
                         ::testing::Combine(::testing::Values(Numerics::fp16, Numerics::fp32),
                                            ::testing::Values(BatchNormKind::tdbn,
                                                              BatchNormKind::tdbn_branch),
                                            ::testing::Bool()));

/// Sum of w * y in double, for currents x and gamma, beta in `norm`.
double weighted(const Layer& layer, const ValueMap& x, const std::vector<float>& norm,
                const ValueMap& w, int nudged, double by, int parameter) {
  const std::size_t places = x.values.size() / kNormChannels;
  double sum = 0;
  for (int c = 0; c < kNormChannels; ++c) {
    const auto value = [&](std::size_t i) {
      const std::size_t at = i * kNormChannels + static_cast<std::size_t>(c);
      return x.values[at] + (static_cast<int>(at) == nudged ? by : 0.0);
    };
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < places; ++i) mean += value(i) / static_cast<double>(places);
    for (std::size_t i = 0; i < places; ++i) {
      variance += std::pow(value(i) - mean, 2) / static_cast<double>(places);
    }
    const double gamma = norm[c] + (parameter == c ? by : 0.0);
    const double beta = norm[kNormChannels + c] + (parameter == kNormChannels + c ? by : 0.0);
    for (std::size_t i = 0; i < places; ++i) {
      const double y =
          gamma * layer.neuron.th_f * (value(i) - mean) / std::sqrt(variance + 1e-5) + beta;
      sum += w.values[i * kNormChannels + static_cast<std::size_t>(c)] * y;
    }
  }
  return sum;
}

TEST(NormGradient, IsTheSlopeThatFiniteDifferencesMeasure) {
  const Layer layer = normalised_layer(BatchNormKind::tdbn);
  const ValueMap x = drawn(kNormBatch * kNormSteps, Numerics::fp32, 0.3F, 0.8F, 3);
  const ValueMap w = drawn(kNormBatch * kNormSteps, Numerics::fp32, 0.2F, 1.0F, 4);
  const Pass pass(layer, Numerics::fp32, x, w);
  constexpr double kStep = 1e-4;
  for (int i = 0; i < static_cast<int>(x.values.size()); i += 37) {
    const double slope = (weighted(layer, x, pass.norm, w, i, kStep, -1) -
                          weighted(layer, x, pass.norm, w, i, -kStep, -1)) /
                         (2 * kStep);
    EXPECT_NEAR(pass.gradient.values[i], slope, 2e-5) << i;
  }
  for (int c = 0; c < kNormChannels; ++c) {
    const auto slope = [&](int parameter) {
      return (weighted(layer, x, pass.norm, w, -1, kStep, parameter) -
              weighted(layer, x, pass.norm, w, -1, -kStep, parameter)) /
             (2 * kStep);
    };
    EXPECT_NEAR(layer.neuron.th_f * pass.of_gx[c], slope(c), 1e-3);
    EXPECT_NEAR(pass.of_g[c], slope(kNormChannels + c), 1e-3);
  }
}

TEST(NormOfEqualCurrents, IsBetaAndFinite) {
  ValueMap x(kNormBatch * kNormSteps, kNormHeight, kNormWidth, kNormChannels);
  std::fill(x.values.begin(), x.values.end(), 3.0F);
  const ValueMap g = drawn(kNormBatch * kNormSteps, Numerics::fp16, 0.1F, 2.0F, 5);
  const Pass pass(normalised_layer(BatchNormKind::tdbn), Numerics::fp16, x, g);
  for (int c = 0; c < kNormChannels; ++c) {
    EXPECT_EQ(pass.variance[c], 0.0F);
    EXPECT_EQ(pass.y.at(3, 2, 1)[c], pass.norm[kNormChannels + c]);
  }
  EXPECT_EQ(pass.range.overflows, 0U);
}

TEST(NormGradient, SaysWhereItOverflows) {
  ValueMap x = drawn(kNormBatch * kNormSteps, Numerics::fp16, 0.0F, 0.01F, 6);
  ValueMap g = drawn(kNormBatch * kNormSteps, Numerics::fp16, 0.0F, 1.0F, 7);
  g.at(1, 0, 0)[3] = 60000.0F;  // timestep 2, times 1 / the deviation
  const Pass pass(normalised_layer(BatchNormKind::tdbn), Numerics::fp16, x, g);
  EXPECT_GT(pass.range.overflows, 0U);
  EXPECT_GE(pass.range.overflow_step, 2);
}

TEST(RunningMoments, FollowTheSubBatches) {
  float mean = 0, variance = 1;
  follow_moments(2.0F, 3.0F, 4, mean, variance);
  EXPECT_EQ(mean, 0.2F);
  EXPECT_FLOAT_EQ(variance, 1.3F);  // 3 x 4/3 = 4
  follow_moments(2.0F, 3.0F, 1, mean, variance);
  EXPECT_FLOAT_EQ(mean, 0.38F);
  EXPECT_FLOAT_EQ(variance, 1.47F);
}

}  // namespace
}  // namespace h2
