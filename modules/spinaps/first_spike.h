// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/spinaps/glm_network.h"
#include "modules/spinaps/glm_spikes.h"
#include "modules/spinaps/xorshift16.h"

namespace h2 {

/// Which inputs' rows a step reads: those of spikes 1..tau steps ago, the latest first.
std::vector<int> rows_of_step(const GlmSpikes& spikes, int tau, int step);

/// u = bias + sum of the rows; `u` has room for a value per class.
void add_rows(const GlmNetwork& network, const std::vector<int>& rows, std::int32_t* u);

/// One draw per class, ascending: class c fires if it is below the table's value for u[c].
void fire(const SigmoidTable& table, std::uint32_t scale_q16, const std::vector<std::int32_t>& u,
          Xorshift16& generator, std::vector<std::uint8_t>& fired);

/// Of the classes that fire the one with the largest u, of equal ones the lowest; -1: none.
int first_of(const std::vector<std::uint8_t>& fired, const std::int32_t* u);
int largest_of(const std::int32_t* u, int classes);

struct FirstSpikeRule {
  int deadline = 1;  ///< steps
  bool early_stop = true;
  SpinUndecided undecided = SpinUndecided::largest;
};

/// What became of one sample.
struct GlmDecision {
  int winner = -1;         ///< class; -1: none
  int step = 0;            ///< of the first spike, counted from 1; 0: no neuron fired
  std::int32_t u = 0;      ///< of the winner when it was chosen; of class 0 without one
  int steps = 0;           ///< that were computed
  std::uint64_t rows = 0;  ///< that were read
};

/// The arbiter: takes the steps of a sample one after another.
class FirstSpike {
 public:
  FirstSpike(const FirstSpikeRule& rule, int classes) : rule_(rule), classes_(classes) {}

  /// True: the sample has ended with this step.
  bool take(const std::vector<std::uint8_t>& fired, const std::int32_t* u);
  const GlmDecision& decision() const { return decision_; }

 private:
  const FirstSpikeRule rule_;
  const int classes_;
  GlmDecision decision_;
};

/// Neurons and arbiter on one sample, without time. `seed`: sample_seed().
GlmDecision decide(const GlmNetwork& network, const SigmoidTable& table, const GlmSpikes& spikes,
                   const FirstSpikeRule& rule, std::uint16_t seed);

}  // namespace h2
