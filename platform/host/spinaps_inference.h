// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "modules/spinaps/glm_network.h"
#include "platform/driver/sa_driver.h"
#include "platform/host/host_cpu.h"
#include "platform/host/spinaps_training.h"

namespace h2 {

class Platform;

/// The host's program of SpinAPS: programs the arrays, then has the test samples classified, a
/// descriptor per training.sub_batch of them. Talks to the card through the driver alone.
class SpinInference {
 public:
  SpinInference(const Config& config, const GlmNetwork& network, const Dataset& samples,
                Platform& platform, RunRecord& record);

  /// By sample, as the card has answered.
  std::vector<sa_result> results;
  std::function<void(const Training::Status&)> on_progress;
  std::function<bool()> stop;  ///< as of Training
  void operator()(HostCpu& host);

 private:
  void open(HostCpu& host);
  void run(HostCpu& host);
  void run_sub_batch(HostCpu& host, std::size_t first, std::size_t count);
  void count(std::size_t sample, const sa_result& result);
  void check(int error, const std::string& what) const;

  const Config& config_;
  const GlmNetwork& network_;
  const Dataset& samples_;
  Platform& platform_;
  RunRecord& record_;
  sa_device device_{};
};

/// The table of a network as the driver takes it.
sa_table spin_table(const GlmNetwork& network, int steps, int samples);

}  // namespace h2
