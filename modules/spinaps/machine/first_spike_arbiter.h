// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/spinaps/machine/spin_dma.h"

namespace h2 {

/// Decides samples: first spike, ties, deadline. Ends a sample early, and has its result stored at
/// once; the last one ends the job, whose completion raises the interrupt.
class FirstSpikeArbiter : public SpinStage {
 public:
  FirstSpikeArbiter(sc_core::sc_module_name name, SpinLink& link, SpinDma& dma);

  /// Shows every decision: class (-1: none) and step.
  std::function<void(const GlmDecision& decision)> on_decision = [](const GlmDecision&) {};

 private:
  void work() override;

  SpinDma& dma_;
};

}  // namespace h2
