// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "modules/spinalflow/spine.h"
#include "platform/host/spinal_session.h"
#include "platform/host/training.h"

namespace h2 {

class DrawnMasks;
class Platform;

/// The host's program of a run without data on SpinalFlow: every layer that reads spikes, alone, on
/// the spikes of profile.spike_density that `h2vp profile` draws on other machines for the layer
/// below it, and start weights. With spinalflow.one_spike the first spike of a neuron alone.
class SpinalProfile {
 public:
  /// Throws InputError where no layer reads spikes, or the unit cannot run one that does. Layers
  /// that read pixels or averages of spikes are left out; `record` warns of it.
  SpinalProfile(const Config& config, Platform& platform, RunRecord& record);

  std::function<void(const Training::Status&)> on_progress;
  std::function<bool()> stop;  ///< as of Training
  void operator()(HostCpu& host);

 private:
  struct Part {
    int layer = 0;
    SpinalNetwork network;  ///< of this layer alone
  };
  void run_layer(const Part& part, const DrawnMasks& drawn);
  SpineMap input_of(const Part& part, const DrawnMasks& drawn, int sample) const;

  const Config& config_;
  Platform& platform_;
  RunRecord& record_;
  SpinalSession card_;
  std::vector<Part> parts_;
};

}  // namespace h2
