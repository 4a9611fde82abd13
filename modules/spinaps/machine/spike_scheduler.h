// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/spinaps/machine/spin_dma.h"

namespace h2 {

/// Goes through the samples of an inference, step by step: the rows of the inputs that spiked 1 to
/// tau steps ago go to the arrays, and the arbiter says whether the sample goes on.
class SpikeScheduler : public SpinStage {
 public:
  SpikeScheduler(sc_core::sc_module_name name, SpinLink& link, SpinDma& dma);

  /// All samples of the job are decided.
  bool done() const { return done_; }
  const sc_core::sc_event& finished() const { return finished_; }
  void begin() { done_ = false; }

 private:
  void work() override;
  void run_sample(int sample);

  SpinDma& dma_;
  bool done_ = false;
  sc_core::sc_event finished_;
};

}  // namespace h2
