// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/sata/published_energy.h"
#include "platform/experiment/experiment.h"

namespace h2 {

/// Counters of a run of SATA: what switched, what was gated, and the words of the published tool.
struct SataCounters {
  double spike_macs = 0, gated_spike_macs = 0, value_macs = 0, gated_value_macs = 0;
  double lif = 0, relu = 0, gradients = 0, gated_gradients = 0;
  double dram = 0, glb = 0, pe = 0;

  /// With the costs of the published tool; `gated`: what the gates kept still costs nothing.
  double compute(const SataCosts& costs, bool gated) const;
  double memory(const SataCosts& costs) const;
};
/// From stats.json of the run; throws RunError where it cannot be read.
SataCounters sata_counters(const RunOutcome& outcome);
/// Sum of a counter over the layers in one pass: forward, backward, grad, weight_update.
double sata_pass(const RunOutcome& outcome, const std::string& pass, const std::string& event);

/// Rows about a network trained here, spiking and with ReLU.
void add_sata_training(ExperimentResult& r, const RunAll& runs);

}  // namespace h2
