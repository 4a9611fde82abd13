// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "modules/arithmetic/update.h"

namespace h2 {

enum class LossKind { mse, cross_entropy };
/// When the optimiser step of a group is done; as enum h2_update of the driver.
enum class UpdateTime { automatic, fused, separate };

/// How the learning rate changes from step to step; as enum h2_schedule_kind of the driver.
enum class ScheduleKind { constant, step, cosine };

/// training
struct TrainingConfig {
  int sub_batch = 4;    ///< samples an engine processes at once
  int batch_group = 8;  ///< sub-batches between two updates
  int replicas = 1;     ///< parts of a batch group that are summed on their own
  int epochs = 1;
  std::uint64_t seed = 1;
  LossKind loss = LossKind::mse;
  UpdateTime update_time = UpdateTime::automatic;
  UpdateSpec update;       ///< optimizer, learning_rate, momentum, loss_scale, adam's constants
  float init_gain = 1.0F;  ///< times Kaiming normal
  bool shuffle = true;
  bool drop_last = false;         ///< drop a last sub-batch that is not full
  bool test_every_epoch = false;  ///< test after every epoch, not after the last alone
  bool save_masters = false;      ///< also the FP32 master weights
  /// update.loss_scale is where a factor begins that adapts itself.
  bool dynamic_loss_scale = false;
  int loss_scale_growth = 2000;  ///< batch groups without overflow until it doubles
  /// training.schedule, in optimiser steps
  struct Schedule {
    ScheduleKind kind = ScheduleKind::constant;
    std::uint32_t warmup = 0;  ///< of a rise in a line; 0: none
    std::uint32_t every = 1000;
    float factor = 0.1F;
    std::uint32_t steps = 0;  ///< of the descent, warm-up included; 0: of the whole run
    float floor = 0;
  } schedule;
  /// training.checkpoint
  struct Checkpoint {
    std::uint64_t every = 0;  ///< batch groups from one to the next; 0: none
    std::string dir;          ///< "": `checkpoints` in the output folder
    int keep = 2;             ///< newest ones kept
  } checkpoint;
};

/// `update_time` as it is used: a step that an overflow may skip, or whose gradient is the sum of
/// several parts, has to wait for the whole gradient.
inline UpdateTime effective_update_time(const TrainingConfig& training) {
  const bool whole = training.dynamic_loss_scale || training.replicas > 1;
  return training.update_time == UpdateTime::automatic && whole ? UpdateTime::separate
                                                                : training.update_time;
}

}  // namespace h2
