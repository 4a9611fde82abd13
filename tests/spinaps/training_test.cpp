// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "modules/spinaps/glm_training.h"
#include "modules/spinaps/steady_math.h"
#include "tests/spinaps/random_glm.h"

namespace h2 {
namespace {

template <class Real>
GlmParameters<Real> random_parameters(int inputs, int classes, int tau, int kernels,
                                      std::uint64_t seed) {
  GlmParameters<Real> p(inputs, classes, tau, kernels, -1.5);
  CounterRng rng(seed, RandomStream::weights, 1);
  for (Real& w : p.weights) w = static_cast<Real>(rng.uniform(-1, 1));
  for (Real& b : p.biases) b += static_cast<Real>(rng.uniform(-1, 1));
  return p;
}

TEST(SpinTraining, SeriesEqualTheLibrary) {
  for (double x = -40; x <= 40; x += 0.37) {
    EXPECT_NEAR(steady_exp(x) / std::exp(x), 1, 4e-15) << x;
    EXPECT_NEAR(softplus(x), std::log1p(std::exp(x)), 1e-14 * std::max(1.0, x)) << x;
  }
  for (double x = 1; x < 3000; x *= 1.13) EXPECT_NEAR(steady_log(x), std::log(x), 2e-15 * 8);
  EXPECT_EQ(steady_exp(-800), 0);
}

TEST(SpinTraining, KernelsAreRaisedCosinesOverTheLogarithmOfTheDelay) {
  const std::vector<double> a = raised_cosines(4, 8);
  // Centres at d = 1, 2, 4, 8; half as high at the neighbours' centres, 0 two centres away.
  for (int k = 0; k < 4; ++k) {
    for (int centre = 0; centre < 4; ++centre) {
      const double expected = centre == k ? 1 : std::abs(centre - k) == 1 ? 0.5 : 0;
      EXPECT_NEAR(a[k * 8 + (1 << centre) - 1], expected, 1e-12);
    }
  }
  EXPECT_EQ(raised_cosines(1, 1), (std::vector<double>{1}));
  EXPECT_NEAR(raised_cosines(1, 5)[4], 0.5, 1e-12);
}

/// Probability that `label` fires first, term by term.
double probability(const std::vector<double>& u, int classes, int steps, int label) {
  const auto g = [&](int t, int c) { return 1 / (1 + std::exp(-u[t * classes + c])); };
  double sum = 0;
  for (int t = 0; t < steps; ++t) {
    double p = g(t, label);
    for (int s = 0; s < t; ++s) p *= 1 - g(s, label);
    for (int c = 0; c < classes; ++c) {
      for (int s = 0; s <= t && c != label; ++s) p *= 1 - g(s, c);
    }
    sum += p;
  }
  return sum;
}

TEST(SpinTraining, TheLikelihoodIsThatOfTheDefinition) {
  const GlmParameters<double> p = random_parameters<double>(9, 4, 3, 2, 5);
  const GlmSpikes spikes = random_spikes(9, 6, 0.3, 5);
  const std::vector<double> a = raised_cosines(2, 3);
  std::vector<double> u(6 * 4);
  const auto x = dense_of(spikes);
  for (int t = 0; t < 6; ++t) {
    for (int c = 0; c < 4; ++c) {
      u[t * 4 + c] = p.biases[c];
      for (int j = 0; j < 9; ++j) {
        for (int k = 0; k < 2; ++k) {
          for (int d = 1; d <= 3 && t - d >= 0; ++d) {
            u[t * 4 + c] += p.weights[(j * 2 + k) * 4 + c] * a[k * 3 + d - 1] * x[t - d][j];
          }
        }
      }
    }
  }
  GlmLikelihood<double> likelihood(p, 6);
  for (int label = 0; label < 4; ++label) {
    EXPECT_NEAR(likelihood.add(spikes, label, nullptr), std::log(probability(u, 4, 6, label)),
                1e-12);
    for (std::size_t i = 0; i < u.size(); ++i) EXPECT_NEAR(likelihood.potentials()[i], u[i], 1e-12);
  }
}

TEST(SpinTraining, TheGradientEqualsFiniteDifferences) {
  const int steps = 7;
  GlmParameters<double> p = random_parameters<double>(8, 3, 4, 3, 11);
  GlmLikelihood<double> likelihood(p, steps);
  GlmParameters<double> gradient(8, 3, 4, 3, 0);
  std::vector<GlmSpikes> spikes;
  for (int s = 0; s < 3; ++s) spikes.push_back(random_spikes(8, steps, 0.3, 20 + s));
  const auto all = [&](GlmParameters<double>* to) {
    double sum = 0;
    for (int s = 0; s < 3; ++s) sum += likelihood.add(spikes[s], s, to);
    return sum;
  };
  all(&gradient);
  const double h = 1e-5;
  const auto check = [&](double& parameter, double derivative) {
    const double held = parameter;
    parameter = held + h;
    const double above = all(nullptr);
    parameter = held - h;
    const double below = all(nullptr);
    parameter = held;
    EXPECT_NEAR(derivative, (above - below) / (2 * h), 1e-6);
  };
  for (std::size_t i = 0; i < p.weights.size(); ++i) check(p.weights[i], gradient.weights[i]);
  for (std::size_t i = 0; i < p.biases.size(); ++i) check(p.biases[i], gradient.biases[i]);
}

GlmParameters<double> widened(const GlmParameters<float>& p) {
  GlmParameters<double> wide(p.inputs, p.classes, p.tau, p.kernels, 0);
  std::copy(p.weights.begin(), p.weights.end(), wide.weights.begin());
  std::copy(p.biases.begin(), p.biases.end(), wide.biases.begin());
  return wide;
}

/// A group of samples at the size of a training on digits, in both precisions.
struct GradientCase {
  static constexpr int kInputs = 784, kClasses = 10, kTau = 8, kKernels = 4, kSteps = 8;
  GlmParameters<float> narrow{kInputs, kClasses, kTau, kKernels, -7};
  GlmParameters<double> wide;
  std::vector<GlmSpikes> spikes;

  explicit GradientCase(int samples) {
    CounterRng rng(3, RandomStream::weights, 1);
    for (float& w : narrow.weights) w = static_cast<float>(rng.uniform(-0.15, 0.15));
    wide = widened(narrow);
    for (int s = 0; s < samples; ++s)
      spikes.push_back(random_spikes(kInputs, kSteps, 0.15, 20 + s));
  }
  /// Mean log likelihood of the samples.
  template <class Real>
  double mean(GlmLikelihood<Real>& likelihood, GlmParameters<Real>* gradient) const {
    double sum = 0;
    for (std::size_t s = 0; s < spikes.size(); ++s) {
      sum += likelihood.add(spikes[s], static_cast<int>(s) % kClasses, gradient);
    }
    return sum / static_cast<double>(spikes.size());
  }
};

/// The largest difference of mean gradients in FP32 and FP64 at the same parameters.
double largest_difference(int samples) {
  using C = GradientCase;
  const C c(samples);
  GlmParameters<float> rounded(C::kInputs, C::kClasses, C::kTau, C::kKernels, 0);
  GlmParameters<double> exact(C::kInputs, C::kClasses, C::kTau, C::kKernels, 0);
  GlmLikelihood<float> narrow(c.narrow, C::kSteps);
  GlmLikelihood<double> wide(c.wide, C::kSteps);
  c.mean(narrow, &rounded);
  c.mean(wide, &exact);
  double most = 0;
  for (std::size_t i = 0; i < exact.weights.size(); ++i) {
    most = std::max(most, std::abs(rounded.weights[i] - exact.weights[i]) / samples);
  }
  for (std::size_t i = 0; i < exact.biases.size(); ++i) {
    most = std::max(most, std::abs(rounded.biases[i] - exact.biases[i]) / samples);
  }
  return most;
}

TEST(SpinTraining, TheGradientInFp32IsThatInFp64Rounded) {
  EXPECT_LT(largest_difference(1), 1e-5);   // of one sample, derivatives up to 2
  EXPECT_LT(largest_difference(32), 1e-6);  // of a group, which the optimiser gets
}

TEST(SpinTraining, TheGradientOfAGroupInFp32EqualsFiniteDifferences) {
  using C = GradientCase;
  C c(16);
  GlmParameters<float> gradient(C::kInputs, C::kClasses, C::kTau, C::kKernels, 0);
  GlmLikelihood<float> narrow(c.narrow, C::kSteps);
  c.mean(narrow, &gradient);
  GlmLikelihood<double> wide(c.wide, C::kSteps);
  const auto difference = [&](double& parameter) {
    constexpr double kStep = 1e-5;
    const double held = parameter;
    parameter = held + kStep;
    const double above = c.mean<double>(wide, nullptr);
    parameter = held - kStep;
    const double below = c.mean<double>(wide, nullptr);
    parameter = held;
    return (above - below) / (2 * kStep);
  };
  CounterRng rng(4, RandomStream::weights, 1);
  for (int i = 0; i < 24; ++i) {
    const std::size_t at = rng.below(static_cast<std::uint32_t>(c.wide.weights.size()));
    EXPECT_NEAR(gradient.weights[at] / 16, difference(c.wide.weights[at]), 1e-6) << at;
  }
  for (int k = 0; k < C::kClasses; ++k) {
    EXPECT_NEAR(gradient.biases[k] / 16, difference(c.wide.biases[k]), 1e-6) << k;
  }
}

TEST(SpinTraining, LearnsWhichInputsBelongToWhichClass) {
  const int steps = 8, inputs = 20;
  UpdateSpec update;
  update.optimizer = Optimizer::adam;
  update.learning_rate = 0.05F;
  GlmTrainer trainer(GlmParameters<float>(inputs, 2, 4, 2, -4), steps, update);
  std::vector<GlmSpikes> spikes;
  std::vector<int> labels;
  for (int s = 0; s < 40; ++s) {
    GlmSpikes all = random_spikes(inputs, steps, 0.4, 100 + s);
    for (auto& step : all.steps) {  // the upper or the lower half of the inputs
      step.erase(std::remove_if(step.begin(), step.end(),
                                [&](std::uint16_t j) { return (j < inputs / 2) != (s % 2 == 0); }),
                 step.end());
    }
    spikes.push_back(all);
    labels.push_back(s % 2);
  }
  std::vector<const GlmSpikes*> pointers;
  for (const GlmSpikes& s : spikes) pointers.push_back(&s);
  const double before = trainer.train(pointers, labels);
  for (int i = 0; i < 60; ++i) trainer.train(pointers, labels);
  EXPECT_GT(trainer.train(pointers, labels), before + 0.5);
  const GlmNetwork network = quantise(trainer.parameters(), 8);
  int right = 0;
  for (int s = 0; s < 40; ++s) {
    right += decide(network, sigmoid_table(), spikes[s], {steps, true, SpinUndecided::largest},
                    sample_seed(0x2545, s))
                         .winner == labels[s]
                 ? 1
                 : 0;
  }
  EXPECT_GE(right, 38);
}

TEST(SpinTraining, QuantisedWeightsAreKernelsTimesWeights) {
  GlmParameters<float> p(2, 2, 4, 1, 0);
  p.weights = {1.0F, -0.5F, 0.25F, 0};
  p.biases = {-7, 2};
  const GlmNetwork n = quantise(p, 8);
  const std::vector<double> a = raised_cosines(1, 4);
  const double scale = n.scale_q16 / 65536.0;
  for (int d = 1; d <= 4; ++d) {
    for (int j = 0; j < 2; ++j) {
      for (int c = 0; c < 2; ++c) {
        EXPECT_NEAR(n.weights_of(n.row(d, j))[c], a[d - 1] * p.weights[j * 2 + c] * scale, 0.501);
      }
    }
  }
  EXPECT_NEAR(n.biases[0], -7 * scale, 0.5);
  for (const int bits : {2, 3, 5}) {
    const int most = (1 << (bits - 1)) - 1;
    for (const std::int8_t q : quantise(p, bits).weights) EXPECT_LE(std::abs(q), most);
  }
  // All weights 0: any scale will do, and nothing is lost.
  EXPECT_EQ(quantise(GlmParameters<float>(2, 2, 4, 1, -3), 8).biases[0], -3);
}

}  // namespace
}  // namespace h2
