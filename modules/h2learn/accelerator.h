// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <systemc>

#include "modules/device/accelerator.h"
#include "modules/device/worker_pool.h"
#include "modules/h2learn/machine.h"
#include "modules/h2learn/schedule.h"
#include "traces/record/trace.h"

namespace h2 {

/// Connects register LAST_STEP of the family with the order of commands. Both live as long as each
/// other.
void keep_last_step(CommandProcessor& commands, H2LearnSchedule& schedule);

/// H2Learn: Forward, Backward and Weight Update Engine under one command processor.
class H2LearnAccelerator : public Accelerator {
 public:
  struct Settings {
    std::string prefix;       ///< of the modules' names
    sc_core::sc_time period;  ///< core clock
    int first_port = 0;       ///< of this card on the bus, see card_port()
    std::uint32_t burst_bytes = 4096;
    int outstanding = 8;   ///< bursts of one port under way
    bool unified = false;  ///< one memory takes the place of three
    H2LearnSchedule::Settings schedule;
  };

  /// `machine` and `workers` outlive the accelerator.
  H2LearnAccelerator(const Machine& machine, const Settings& settings, WorkerPool& workers,
                     Trace& trace);

  std::uint64_t sub_batches() const override { return schedule_.sub_batches(); }

 private:
  H2LearnSchedule schedule_;
};

}  // namespace h2
