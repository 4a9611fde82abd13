// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/experiment/experiment.h"

namespace h2 {

/// The accelerator's power in the paper, without its external memories.
constexpr double kPaperWatts = 20.57;

/// A network of Table VI and what is published about its training.
struct PaperNetwork {
  const char *config, *title;
  std::optional<double> v100_epoch_s;  ///< Table II
  double samples;                      ///< of an epoch
  double macs_per_step;                ///< forward, dense, one sample and timestep
};
const std::vector<PaperNetwork>& paper_networks();

/// A profile of one whole batch group of eight sub-batches.
RunRequest network_profile(const PaperNetwork& network, const std::vector<Override>& sets);
/// Seconds of an epoch, or NaN where the run was refused.
double epoch_seconds(const PaperNetwork& network, const RunOutcome& outcome);

/// Training on an NVIDIA H200 as measured.
struct MeasuredGpu {
  const char *config, *arithmetic;
  int batch;
  double epoch_s, watts, mj_per_sample;
};
const std::vector<MeasuredGpu>& measured_h200();

}  // namespace h2
