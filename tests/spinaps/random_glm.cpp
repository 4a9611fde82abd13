// SPDX-License-Identifier: Apache-2.0
#include "tests/spinaps/random_glm.h"

namespace h2 {

GlmNetwork random_network(int inputs, int classes, int tau, int bits, std::uint64_t seed) {
  CounterRng rng(seed, RandomStream::weights, 7);
  GlmNetwork n;
  n.inputs = inputs;
  n.classes = classes;
  n.tau = tau;
  n.weight_bits = bits;
  n.scale_q16 = 1 + rng.below(40 * 65536);
  const unsigned most = (1U << (bits - 1)) - 1;
  for (int i = 0; i < n.rows() * classes; ++i) {
    n.weights.push_back(static_cast<std::int8_t>(rng.below(2 * most + 1)) -
                        static_cast<std::int8_t>(most));
  }
  const auto unit = static_cast<int>(n.scale_q16 / 65536);
  for (int c = 0; c < classes; ++c) {
    n.biases.push_back(-3 * unit - static_cast<int>(rng.below(2 * unit + 1)));
  }
  return n;
}

GlmSpikes random_spikes(int inputs, int steps, double density, std::uint64_t seed) {
  CounterRng rng(seed, RandomStream::spikes, 3);
  GlmSpikes s{inputs, {}};
  s.steps.resize(steps);
  for (auto& step : s.steps) {
    for (int j = 0; j < inputs; ++j) {
      if (rng.uniform() < density) step.push_back(static_cast<std::uint16_t>(j));
    }
  }
  return s;
}

ScalarNetwork scalar_of(const GlmNetwork& n) {
  return {n.inputs,
          n.classes,
          n.tau,
          n.scale_q16 / 65536.0,
          {n.weights.begin(), n.weights.end()},
          {n.biases.begin(), n.biases.end()}};
}

std::vector<std::vector<int>> dense_of(const GlmSpikes& spikes) {
  std::vector<std::vector<int>> x(spikes.steps.size(), std::vector<int>(spikes.inputs, 0));
  for (std::size_t t = 0; t < spikes.steps.size(); ++t) {
    for (const std::uint16_t j : spikes.steps[t]) x[t][j] = 1;
  }
  return x;
}

ScalarAnswer scalar_of(const GlmDecision& d) {
  return {d.winner, d.step, d.u, d.steps, static_cast<long>(d.rows)};
}

}  // namespace h2
