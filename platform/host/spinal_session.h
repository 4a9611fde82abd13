// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "modules/spinalflow/spine.h"
#include "platform/config/config.h"
#include "platform/driver/sf_driver.h"
#include "platform/host/host_cpu.h"
#include "platform/host/spinal_network.h"
#include "traces/results/run_record.h"

namespace h2 {

/// A SpinalFlow card as the host's programs use it, through its driver. Lists and weights are made
/// and read by the host without simulated time; registers, tables, descriptors and all that the
/// card moves take theirs. Every call throws RunError where the driver refuses or the card reports
/// an error, with its text and the layer's name.
class SpinalSession {
 public:
  explicit SpinalSession(const Config& config) : config_(config) {}

  void open(HostCpu& host);
  /// Loads network and weights; its first layer is layer `first` of the configuration. `network`
  /// outlives the next load().
  void load(const SpinalNetwork& network, int first);
  void write_input(std::uint32_t slot, const SpineMap& spikes);
  /// Runs the network on the inputs of the first `samples` slots.
  void infer(std::uint32_t samples);
  /// Spikes of layer `layer` of the loaded network.
  SpineMap read_output(std::uint32_t layer, std::uint32_t slot);

  /// The card knows no names and counts from the first layer that it runs.
  LayerRecord named(const LayerRecord& record) const;

 private:
  /// Does `call` through the bus that takes no simulated time.
  template <class Call>
  void untimed(const Call& call);
  void check(int error, const std::string& what) const;

  const Config& config_;
  HostCpu* host_ = nullptr;
  const SpinalNetwork* network_ = nullptr;
  int first_ = 0;
  sf_device device_{};
};

}  // namespace h2
