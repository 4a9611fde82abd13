// SPDX-License-Identifier: Apache-2.0
#include "platform/host/learning_rates.h"

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// Optimiser steps of the whole run.
std::uint64_t steps_of(const TrainingConfig& t, std::uint64_t samples) {
  const auto size = static_cast<std::uint64_t>(t.sub_batch);
  const std::uint64_t sub_batches = t.drop_last ? samples / size : ceil_div(samples, size);
  return ceil_div(sub_batches, static_cast<std::uint64_t>(t.batch_group)) *
         static_cast<std::uint64_t>(t.epochs);
}

}  // namespace

LearningRates::LearningRates(const TrainingConfig& config, std::uint64_t samples)
    : weight_decay_(config.update.weight_decay) {
  const TrainingConfig::Schedule& s = config.schedule;
  schedule_.kind = static_cast<std::uint32_t>(s.kind);
  schedule_.rate = config.update.learning_rate;
  schedule_.warmup = s.warmup;
  schedule_.every = s.every;
  schedule_.factor = s.factor;
  schedule_.steps = s.steps != 0 ? s.steps : static_cast<std::uint32_t>(steps_of(config, samples));
  schedule_.floor = s.floor;
}

int LearningRates::set(h2_device& device) const {
  const bool constant = schedule_.kind == H2_SCHEDULE_CONSTANT && schedule_.warmup == 0;
  if (constant && weight_decay_ == 0) return H2_OK;
  return h2_set_rates(&device, of(device.step + 1), weight_decay_);
}

}  // namespace h2
