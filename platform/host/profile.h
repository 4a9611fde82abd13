// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "platform/host/card_session.h"
#include "platform/host/training.h"
#include "traces/results/run_record.h"

namespace h2 {

class Platform;

/// The host's program of a run without data: the same driver, descriptors and groups as training,
/// on blank samples and without weights.
class Profile {
 public:
  Profile(const Config& config, Platform& platform, RunRecord& record);

  std::function<void(const Training::Status&)> on_progress;
  std::function<bool()> stop;  ///< as of Training
  void operator()(HostCpu& host);

 private:
  void run_group(std::uint32_t sub_batches);
  static int next_sub_batch(void* self, h2_sub_batch* next);

  const Config& config_;
  Platform& platform_;
  RunRecord& record_;
  CardSession card_;
  std::vector<std::uint8_t> blank_;
  std::vector<const std::uint8_t*> samples_;
  std::vector<std::uint32_t> labels_;
};

}  // namespace h2
