// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <systemc>

#include "modules/device/event_counts.h"
#include "modules/spinalflow/spine_plan.h"

namespace h2 {

/// What the modules of the unit have in common.
struct SpineLink {
  sc_core::sc_time period;
  const SpinePlan* plan = nullptr;  ///< of the job under way
  EventCounts events;               ///< of the job under way
  sc_core::sc_event start;          ///< a job begins
  /// Ends the job with an error.
  std::function<void(std::uint32_t error)> fail;
};

/// A module with a process that goes through the plan of one job after another.
class SpineStage : public sc_core::sc_module {
 public:
  /// Ends what the process does, wherever it waits: it waits for the next job.
  virtual void restart() { process_.reset(); }
  /// What the process waits for.
  std::string describe() const { return std::string(basename()) + " waits for " + waits_for_; }

 protected:
  SpineStage(const sc_core::sc_module_name& name, SpineLink& link) : sc_module(name), link_(link) {
    SC_HAS_PROCESS(SpineStage);
    SC_THREAD(run);
    process_ = sc_core::sc_get_last_created_process_handle();
  }
  virtual void work() = 0;
  void cycle() { wait(link_.period); }
  const SpinePlan& plan() const { return *link_.plan; }

  SpineLink& link_;
  const char* waits_for_ = "a job";

 private:
  void run() {
    for (;;) {
      waits_for_ = "a job";
      wait(link_.start);
      work();
    }
  }

  sc_core::sc_process_handle process_;
};

}  // namespace h2
