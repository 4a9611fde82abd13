// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "modules/device/stage.h"
#include "modules/spinaps/machine/mailbox.h"
#include "modules/spinaps/spin_events.h"
#include "modules/spinaps/spin_job.h"

namespace h2 {

/// A network as PROGRAM leaves it: weights in the arrays, the rest in the neurons.
struct SpinProgram {
  bool valid = false;
  sa_table table{};
  std::vector<std::int32_t> biases;
  SigmoidTable sigmoid{};
};

/// The rows that a step reads.
struct StepToken {
  std::vector<int> rows;
  bool begins_sample = false;
  std::uint16_t seed = 0;
};
/// Potentials of a step, a value per class.
struct SumToken {
  std::vector<std::int32_t> u;
  bool begins_sample = false;
  std::uint16_t seed = 0;
};
struct SpikeToken {
  std::vector<std::int32_t> u;
  std::vector<std::uint8_t> fired;
  bool begins_sample = false;
};

/// What the modules of the card have in common.
struct SpinLink : StageLink {
  const SpinJob* job = nullptr;  ///< under way
  SpinProgram program;

  Mailbox<StepToken> steps;
  Mailbox<SumToken> sums;
  Mailbox<SpikeToken> spikes;
  Mailbox<bool> verdicts;  ///< true: the sample has ended

  void clear() {
    steps.clear();
    sums.clear();
    spikes.clear();
    verdicts.clear();
  }
};

/// A module of the card.
class SpinStage : public Stage {
 protected:
  SpinStage(const sc_core::sc_module_name& name, SpinLink& link) : Stage(name, link), link_(link) {}
  const SpinJob& job() const { return *link_.job; }

  SpinLink& link_;
};

}  // namespace h2
