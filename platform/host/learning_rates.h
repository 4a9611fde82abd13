// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "platform/driver/h2_driver.h"
#include "platform/host/training_config.h"

namespace h2 {

/// training.schedule and training.weight_decay: what the driver is told before every batch group.
class LearningRates {
 public:
  /// `samples`: of the training set, for a descent that ends with the run.
  LearningRates(const TrainingConfig& config, std::uint64_t samples);

  /// Rate of optimiser step `step`, counted from 1.
  float of(std::uint32_t step) const { return h2_scheduled_rate(&schedule_, step); }
  /// Before the group whose update is the card's next step. A rate that never changes, without
  /// decay, is the network table's.
  /// Returns the driver's result.
  int set(h2_device& device) const;

 private:
  h2_schedule schedule_{};
  float weight_decay_;
};

}  // namespace h2
