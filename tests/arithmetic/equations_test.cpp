// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "tests/arithmetic/random_case.h"
#include "tests/arithmetic/reference.h"

// Eq. (1)-(3) in double with the spike function as a parameter. With the step and its surrogate
// they are the reference's formulas; with a smooth function their backward pass must be the
// derivative that finite differences measure. Together: the reference computes the gradient,
// the reset term included.

namespace h2 {
namespace {

using Matrix = std::vector<std::vector<double>>;  // [row][column]

struct SpikeFunction {
  std::function<double(double)> value, slope;
};

/// Two fully connected layers over all timesteps, mean-square loss on firing rates.
struct Equations {
  NeuronSpec neuron;
  SpikeFunction spike;
  Matrix input;  ///< [t][i]
  std::vector<double> target;

  struct Trace {
    Matrix u, s;  ///< [t][neuron]
  };

  bool soft() const { return neuron.reset != Reset::hard; }
  double taken() const {
    return neuron.reset == Reset::soft ? double{neuron.alpha} * neuron.th_f : neuron.th_f;
  }
  double leak(double u, double s) const {
    return soft() ? neuron.alpha * u - taken() * s : neuron.alpha * u * (1 - s);
  }

  Trace forward(const Matrix& weights, const Matrix& below) const {
    Trace trace{Matrix(below.size(), std::vector<double>(weights.size(), 0.0)), {}};
    trace.s = trace.u;
    for (std::size_t t = 0; t < below.size(); ++t) {
      for (std::size_t i = 0; i < weights.size(); ++i) {
        double u = t == 0 ? 0.0 : leak(trace.u[t - 1][i], trace.s[t - 1][i]);
        for (std::size_t j = 0; j < below[t].size(); ++j) u += weights[i][j] * below[t][j];
        trace.u[t][i] = u;
        trace.s[t][i] = spike.value(u);
      }
    }
    return trace;
  }

  /// grad-u of a layer from the spatial term of its grad-s.
  Matrix backward(const Trace& trace, const Matrix& spatial) const {
    Matrix grad = spatial;
    for (std::size_t i = 0; i < spatial[0].size(); ++i) {
      double next = 0.0;
      for (std::size_t t = spatial.size(); t-- > 0;) {
        const double reset = soft() ? -taken() : -neuron.alpha * trace.u[t][i];
        const double grad_s = next * reset + spatial[t][i];
        const double kept = soft() ? 1 : 1 - trace.s[t][i];
        next = next * neuron.alpha * kept + grad_s * spike.slope(trace.u[t][i]);
        grad[t][i] = next;
      }
    }
    return grad;
  }

  double loss(const Matrix& w1, const Matrix& w2) const {
    const Trace out = forward(w2, forward(w1, input).s);
    double sum = 0.0;
    for (std::size_t k = 0; k < target.size(); ++k) sum += std::pow(rate(out, k) - target[k], 2);
    return sum / target.size();
  }

  double rate(const Trace& out, std::size_t k) const {
    double sum = 0.0;
    for (const auto& s : out.s) sum += s[k];
    return sum / out.s.size();
  }

  static Matrix weight_gradient(const Matrix& grad_u, const Matrix& below) {
    Matrix grad(grad_u[0].size(), std::vector<double>(below[0].size(), 0.0));
    for (std::size_t t = 0; t < below.size(); ++t) {
      for (std::size_t i = 0; i < grad.size(); ++i) {
        for (std::size_t j = 0; j < grad[i].size(); ++j) grad[i][j] += grad_u[t][i] * below[t][j];
      }
    }
    return grad;
  }

  std::pair<Matrix, Matrix> gradients(const Matrix& w1, const Matrix& w2) const {
    const Trace hidden = forward(w1, input), out = forward(w2, hidden.s);
    Matrix spatial = out.s;
    for (auto& row : spatial) {
      for (std::size_t k = 0; k < row.size(); ++k) {
        row[k] = 2 * (rate(out, k) - target[k]) / (target.size() * spatial.size());
      }
    }
    const Matrix grad2 = backward(out, spatial);
    Matrix below(grad2.size(), std::vector<double>(w1.size(), 0.0));
    for (std::size_t t = 0; t < grad2.size(); ++t) {
      for (std::size_t i = 0; i < w2.size(); ++i) {
        for (std::size_t j = 0; j < w1.size(); ++j) below[t][j] += grad2[t][i] * w2[i][j];
      }
    }
    return {weight_gradient(backward(hidden, below), input), weight_gradient(grad2, hidden.s)};
  }
};

Matrix draw_matrix(Draw& draw, std::size_t rows, std::size_t columns, double scale) {
  Matrix m(rows, std::vector<double>(columns));
  for (auto& row : m) {
    for (double& v : row) v = scale * draw.symmetric();
  }
  return m;
}

class EquationsOf : public ::testing::TestWithParam<Reset> {};

TEST_P(EquationsOf, BackwardPassIsTheDerivativeOfTheForwardPass) {
  Draw draw(3);
  Equations eq;
  eq.neuron.alpha = 0.6F;
  eq.neuron.reset = GetParam();
  const auto sigmoid = [](double u) { return 1 / (1 + std::exp(-4 * (u - 0.5))); };
  eq.spike = {sigmoid, [&](double u) { return 4 * sigmoid(u) * (1 - sigmoid(u)); }};
  eq.input = draw_matrix(draw, 5, 4, 1.0);
  eq.target = {0.0, 1.0, 0.3};
  Matrix w1 = draw_matrix(draw, 6, 4, 1.0), w2 = draw_matrix(draw, 3, 6, 1.0);
  const auto [g1, g2] = eq.gradients(w1, w2);
  const auto check = [&](Matrix& w, const Matrix& gradient) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      for (std::size_t j = 0; j < w[i].size(); ++j) {
        const double kept = w[i][j], h = 1e-5;
        w[i][j] = kept + h;
        const double above = eq.loss(w1, w2);
        w[i][j] = kept - h;
        const double below = eq.loss(w1, w2);
        w[i][j] = kept;
        EXPECT_NEAR((above - below) / (2 * h), gradient[i][j], 1e-9);
      }
    }
  };
  check(w1, g1);
  check(w2, g2);
}

TEST_P(EquationsOf, TheReferenceUsesTheseFormulas) {
  Draw draw(4);
  Equations eq;
  eq.neuron = {0.6F, 0.5F, 0.1F, 1.1F, 0.8F, GetParam()};
  const NeuronSpec n = eq.neuron;
  eq.spike = {[&](double u) { return u >= n.th_f ? 1.0 : 0.0; },
              [&](double u) { return u > n.th_l && u < n.th_r ? double{n.beta} : 0.0; }};
  constexpr int steps = 6, neurons = 40;
  // One input per neuron, weight 1: the spatial term itself.
  Matrix weights(neurons, std::vector<double>(neurons, 0.0));
  for (int i = 0; i < neurons; ++i) weights[i][i] = 1.0;
  ValueMap sums(steps, 1, 1, neurons), spatial = sums;
  Matrix below = draw_matrix(draw, steps, neurons, 1.5),
         above = draw_matrix(draw, steps, neurons, 1);
  for (int i = 0; i < steps * neurons; ++i) {
    sums.values[i] = static_cast<float>(below[i / neurons][i % neurons]);
    spatial.values[i] = static_cast<float>(above[i / neurons][i % neurons]);
  }
  const auto trace = eq.forward(weights, below);
  const Matrix grad_u = eq.backward(trace, above);
  const auto potentials = reference::soma(n, Numerics::fp32, 1, steps, sums);
  const ValueMap actual = reference::grad(n, Numerics::fp32, PoolMode::none, 1, steps, spatial,
                                          potentials.u, potentials.spikes, potentials.mask);
  for (int i = 0; i < steps * neurons; ++i) {
    const int t = i / neurons, c = i % neurons;
    EXPECT_NEAR(potentials.u.values[i], trace.u[t][c], 1e-6);
    EXPECT_EQ(potentials.spikes.get(t, 0, 0, c), trace.s[t][c] == 1.0);
    EXPECT_NEAR(actual.values[i], grad_u[t][c], 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Resets, EquationsOf,
                         ::testing::Values(Reset::hard, Reset::soft, Reset::soft_after_decay));

}  // namespace
}  // namespace h2
