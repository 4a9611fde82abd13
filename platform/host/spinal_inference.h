// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "modules/spinalflow/spine.h"
#include "platform/config/config.h"
#include "platform/host/spinal_session.h"
#include "platform/host/training.h"
#include "traces/results/run_record.h"

namespace h2 {

class Platform;

/// The host's program of an inference on SpinalFlow: sub-batches of spike lists through the driver,
/// one descriptor each. Talks to the card through the driver alone.
class SpinalInference {
 public:
  struct Input {
    int first = 0;                      ///< layer of the network that reads the spikes
    std::vector<SpineMap> spikes;       ///< one map per sample
    std::vector<std::uint32_t> labels;  ///< one per sample, or none
  };

  /// `network` begins with layer `input.first`.
  SpinalInference(const Config& config, const SpinalNetwork& network, const Input& input,
                  Platform& platform, RunRecord& record);

  /// Keep the spikes of every layer in `outputs`.
  bool keep_outputs = false;
  /// By layer from `first` on, one map per sample.
  std::vector<std::vector<SpineMap>> outputs;
  std::function<void(const Training::Status&)> on_progress;
  std::function<bool()> stop;  ///< as of Training
  void operator()(HostCpu& host);

 private:
  void run();
  void run_sub_batch(std::size_t first, std::size_t count);
  /// The class is that of the neuron with the most spikes of the last layer.
  void classify(std::uint32_t slot, std::uint32_t label);

  const Config& config_;
  const SpinalNetwork& network_;
  const Input& input_;
  Platform& platform_;
  RunRecord& record_;
  SpinalSession card_;
};

}  // namespace h2
