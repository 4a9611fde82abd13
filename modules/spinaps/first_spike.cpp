// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/first_spike.h"

#include <algorithm>

namespace h2 {

std::vector<int> rows_of_step(const GlmSpikes& spikes, int tau, int step) {
  std::vector<int> rows;
  for (int d = 1; d <= std::min(tau, step); ++d) {
    for (const std::uint16_t j : spikes.steps[step - d]) {
      rows.push_back((d - 1) * spikes.inputs + j);
    }
  }
  return rows;
}

void add_rows(const GlmNetwork& network, const std::vector<int>& rows, std::int32_t* u) {
  std::copy(network.biases.begin(), network.biases.end(), u);
  for (const int row : rows) {
    const std::int8_t* q = network.weights_of(row);
    for (int c = 0; c < network.classes; ++c) u[c] += q[c];
  }
}

void fire(const SigmoidTable& table, std::uint32_t scale_q16, const std::vector<std::int32_t>& u,
          Xorshift16& generator, std::vector<std::uint8_t>& fired) {
  fired.resize(u.size());
  for (std::size_t c = 0; c < u.size(); ++c) {
    fired[c] = generator.next() < table[sigmoid_index(u[c], scale_q16)] ? 1 : 0;
  }
}

int first_of(const std::vector<std::uint8_t>& fired, const std::int32_t* u) {
  int winner = -1;
  for (int c = 0; c < static_cast<int>(fired.size()); ++c) {
    if (fired[c] != 0 && (winner < 0 || u[c] > u[winner])) winner = c;
  }
  return winner;
}

int largest_of(const std::int32_t* u, int classes) {
  return static_cast<int>(std::max_element(u, u + classes) - u);
}

bool FirstSpike::take(const std::vector<std::uint8_t>& fired, const std::int32_t* u) {
  GlmDecision& d = decision_;
  ++d.steps;
  if (d.step == 0) {
    d.winner = first_of(fired, u);
    if (d.winner >= 0) {
      d.step = d.steps;
      d.u = u[d.winner];
    }
  }
  const bool ends = d.steps >= rule_.deadline || (d.step != 0 && rule_.early_stop);
  if (ends && d.step == 0) {
    if (rule_.undecided == SpinUndecided::largest) d.winner = largest_of(u, classes_);
    d.u = u[std::max(0, d.winner)];
  }
  return ends;
}

GlmDecision decide(const GlmNetwork& network, const SigmoidTable& table, const GlmSpikes& spikes,
                   const FirstSpikeRule& rule, std::uint16_t seed) {
  FirstSpike arbiter(rule, network.classes);
  Xorshift16 generator(seed);
  std::vector<std::int32_t> u(network.classes);
  std::vector<std::uint8_t> fired;
  std::uint64_t read = 0;
  for (int t = 0;; ++t) {
    const std::vector<int> rows = rows_of_step(spikes, network.tau, t);
    add_rows(network, rows, u.data());
    fire(table, network.scale_q16, u, generator, fired);
    read += rows.size();
    if (arbiter.take(fired, u.data())) break;
  }
  GlmDecision decision = arbiter.decision();
  decision.rows = read;
  return decision;
}

}  // namespace h2
