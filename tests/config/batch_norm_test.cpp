// SPDX-License-Identifier: Apache-2.0
#include "modules/network/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "modules/base/error.h"
#include "modules/base/rng.h"

namespace h2 {
namespace {

std::vector<double> drawn(CounterRng& rng, std::size_t count, double least = -1e9) {
  std::vector<double> values(count);
  for (double& v : values) v = std::max(least, rng.normal());
  return values;
}

TEST(BatchNorm, FoldedGivesWhatTheNormGives) {
  constexpr std::size_t kOutputs = 5, kRow = 18;
  CounterRng rng(3, RandomStream::weights, 0);
  BatchNorm norm;
  norm.gamma = drawn(rng, kOutputs);
  norm.beta = drawn(rng, kOutputs);
  norm.mean = drawn(rng, kOutputs);
  norm.variance = drawn(rng, kOutputs, 0.01);
  norm.epsilon = 1e-3;
  norm.factor = 0.5;
  const std::vector<double> w = drawn(rng, kOutputs * kRow), b = drawn(rng, kOutputs);
  const std::vector<double> x = drawn(rng, kRow);
  std::vector<float> weights(w.begin(), w.end()), bias(b.begin(), b.end());
  const std::vector<float> old_weights = weights, old_bias = bias;
  fold_batch_norm(norm, weights, bias);
  for (std::size_t o = 0; o < kOutputs; ++o) {
    double before = old_bias[o], folded = bias[o];
    for (std::size_t i = 0; i < kRow; ++i) {
      before += old_weights[o * kRow + i] * x[i];
      folded += weights[o * kRow + i] * x[i];
    }
    const double deviation = std::sqrt(norm.variance[o] + 1e-3);
    const double wanted =
        0.5 * (norm.gamma[o] * (before - norm.mean[o]) / deviation + norm.beta[o]);
    EXPECT_NEAR(folded, wanted, 1e-5 * (1 + std::abs(wanted))) << o;
  }
}

std::string error_of(const BatchNorm& norm, std::size_t weights, std::size_t outputs) {
  std::vector<float> w(weights, 1.0F), b(outputs, 0.0F);
  try {
    fold_batch_norm(norm, w, b);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST(BatchNorm, SaysWhatDoesNotFit) {
  const BatchNorm good{{1, 1}, {0, 0}, {0, 0}, {1, 1}};
  EXPECT_EQ(error_of(good, 6, 2), "");
  EXPECT_EQ(error_of(good, 6, 3),
            "batch norm: gamma has 2 channels; legal: 3, the outputs of its layer");
  EXPECT_EQ(error_of(good, 7, 2),
            "batch norm: 7 weights for 2 outputs; legal: a multiple of the outputs");
  BatchNorm flat = good;
  flat.variance[1] = -1;
  EXPECT_EQ(error_of(flat, 6, 2),
            "batch norm: channel 1 has no finite scale; legal: finite numbers, variance + epsilon "
            "above 0");
}

}  // namespace
}  // namespace h2
