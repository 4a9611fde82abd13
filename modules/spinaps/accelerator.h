// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <systemc>

#include "modules/device/accelerator.h"
#include "modules/spinaps/spin_schedule.h"
#include "traces/record/trace.h"

namespace h2 {

/// SpinAPS: arrays, neurons and arbiter under the command processor, with the buffer of spikes as
/// global buffer.
class SpinApsAccelerator : public Accelerator {
 public:
  struct Settings {
    std::string prefix;       ///< of the modules' names
    sc_core::sc_time period;  ///< core clock
    int first_port = 0;       ///< of this card on the bus, see card_port()
    std::uint32_t burst_bytes = 4096;
    int outstanding = 8;  ///< bursts of one port under way
    int classes = 10;     ///< neurons
    SpinSchedule::Settings schedule;
  };

  /// `machine.arrays`: 1 or more.
  SpinApsAccelerator(const SpinApsMachine& machine, const Settings& settings, Trace& trace);

  std::uint64_t sub_batches() const override { return schedule_.sub_batches(); }

 private:
  SpinSchedule schedule_;
};

}  // namespace h2
