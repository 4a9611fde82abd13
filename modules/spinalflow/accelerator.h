// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <systemc>

#include "modules/device/accelerator.h"
#include "modules/spinalflow/spinal_machine.h"
#include "modules/spinalflow/spinal_schedule.h"
#include "traces/record/trace.h"

namespace h2 {

/// SpinalFlow: one unit under the command processor, with its filter buffer as global buffer.
class SpinalFlowAccelerator : public Accelerator {
 public:
  struct Settings {
    std::string prefix;       ///< of the modules' names
    sc_core::sc_time period;  ///< core clock
    int first_port = 0;       ///< of this card on the bus, see card_port()
    std::uint32_t burst_bytes = 4096;
    int outstanding = 8;  ///< bursts of one port under way
    SpinalSchedule::Settings schedule;
  };

  SpinalFlowAccelerator(const SpinalMachine& machine, const Settings& settings, Trace& trace);

  std::uint64_t sub_batches() const override { return schedule_.sub_batches(); }

 private:
  SpinalSchedule schedule_;
};

}  // namespace h2
