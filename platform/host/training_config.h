// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/arithmetic/update.h"

namespace h2 {

enum class LossKind { mse, cross_entropy };
/// When the optimiser step of a group is done; as enum h2_update of the driver.
enum class UpdateTime { automatic, fused, separate };

/// training
struct TrainingConfig {
  int sub_batch = 4;    ///< samples an engine processes at once
  int batch_group = 8;  ///< sub-batches between two updates
  int epochs = 1;
  std::uint64_t seed = 1;
  LossKind loss = LossKind::mse;
  UpdateTime update_time = UpdateTime::automatic;
  UpdateSpec update;       ///< optimizer, learning_rate, momentum, loss_scale, adam's constants
  float init_gain = 1.0F;  ///< times Kaiming normal
  bool shuffle = true;
  bool drop_last = false;         ///< drop a last sub-batch that is not full
  bool test_every_epoch = false;  ///< test after every epoch, not after the last alone
};

}  // namespace h2
