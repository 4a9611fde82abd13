// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "platform/host/card_session.h"

namespace h2 {

/// FP32 values of one layer, OIHW: master weights, and what the optimiser keeps: sgd's velocity or
/// adam's moments. Empty: zeros.
struct LayerState {
  std::vector<float> master, first, second;
};

/// Where a training stands between two batch groups. The order of samples follows from epoch and
/// seed.
struct TrainingState {
  bool begun = false;
  std::uint64_t epoch = 0;                   ///< under way, from 0
  std::uint64_t next_sample = 0;             ///< first of the next group, in the epoch's order
  std::uint64_t samples_before = 0;          ///< trained before the epoch
  double epoch_correct = 0, epoch_loss = 0;  ///< sums of the epoch so far
  bool epoch_trained = false;                ///< its test is not done
  std::uint64_t tested_sub_batches = 0;
  std::uint32_t step = 0;  ///< updates so far
  std::vector<LayerState> layers;
};

/// A training that begins with these weights, OIHW by layer.
TrainingState start_of_training(std::vector<std::vector<float>> weights);

/// Writes masters, the engines' copies of them and the optimiser's values, outside simulated time,
/// and the step that they are of. Throws RunError.
void write_state(const TrainingState& state, const Config& config, HostCpu& host,
                 CardSession& card);
/// Reads them, outside simulated time.
std::vector<LayerState> read_state(const Config& config, HostCpu& host, CardSession& card);
/// The masters alone.
std::vector<std::vector<float>> read_masters(const Config& config, HostCpu& host,
                                             CardSession& card);
/// The weights as the engines use them: stored values by layer, OIHW.
std::vector<std::vector<std::uint8_t>> read_weights(const Config& config, HostCpu& host,
                                                    CardSession& card);

}  // namespace h2
