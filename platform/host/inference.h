// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "platform/config/config.h"
#include "platform/data/dataset.h"
#include "platform/host/card_session.h"
#include "platform/host/training.h"
#include "traces/results/run_record.h"

namespace h2 {

class Platform;

/// The host's program that classifies a data set: forward descriptors only, one sub-batch after
/// another. Talks to the card through the driver alone.
class Inference {
 public:
  /// `weights`: per layer, OIHW. What is found is in record.inference.
  Inference(const Config& config, const Dataset& samples, std::vector<std::vector<float>> weights,
            Platform& platform, RunRecord& record);

  std::function<void(const Training::Status&)> on_progress;
  /// Asked before every sub-batch; true ends the run with what was classified so far.
  std::function<bool()> stop;
  void operator()(HostCpu& host);

 private:
  void classify(std::size_t first, std::size_t count);
  void count(std::size_t first, std::size_t count, const std::vector<std::uint32_t>& predicted,
             const std::vector<std::uint32_t>& spikes);

  const Config& config_;
  const Dataset& samples_;
  TrainingState weights_;
  Platform& platform_;
  RunRecord& record_;
  CardSession card_;
  SampleFeed feed_;
  std::uint64_t last_end_ = 0;
};

}  // namespace h2
