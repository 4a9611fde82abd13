// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/contract/spinaps_contract.h"
#include "modules/device/job.h"
#include "modules/spinaps/first_spike.h"

namespace h2 {

/// One descriptor: the weights of a network into the arrays, or samples one after another.
struct SpinJob : EngineJob {
  bool program = false;
  sa_table table{};
  // Of an inference.
  FirstSpikeRule rule;
  int samples = 0;
  std::uint32_t seed = 1, first = 0;
  std::uint64_t input = 0, results = 0;  ///< addresses

  int weight_rows() const { return static_cast<int>(table.inputs * table.tau); }
  std::uint64_t sample_bytes() const { return sa_sample_bytes(table.inputs, table.steps); }
};

/// Cycles of the neurons in a step: potential, table, comparison, arbiter. The generator's ten
/// draws are hidden in them.
constexpr int kNeuronCycles = 10;

}  // namespace h2
