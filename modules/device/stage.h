// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <systemc>

#include "modules/device/event_counts.h"

namespace h2 {

/// What the stages of an engine have in common; accelerators add what theirs hand on.
struct StageLink {
  sc_core::sc_time period;
  EventCounts events;                ///< of the job under way
  std::uint64_t compute_cycles = 0;  ///< of the job under way
  sc_core::sc_event start;           ///< a job begins
  /// Ends the job with an error (h2_error).
  std::function<void(std::uint32_t error)> fail;
  /// The array works from now on, or it waits.
  std::function<void(bool works)> on_state;
};

/// A module with a process that takes part in one job of a StagedEngine after another.
class Stage : public sc_core::sc_module {
 public:
  /// Ends what the process does, wherever it waits: it waits for the next job.
  virtual void restart() { process_.reset(); }
  /// What the process waits for.
  std::string describe() const { return std::string(basename()) + " waits for " + waits_for_; }

 protected:
  Stage(const sc_core::sc_module_name& name, StageLink& link) : sc_module(name), shared_(link) {
    SC_HAS_PROCESS(Stage);
    SC_THREAD(run);
    process_ = sc_core::sc_get_last_created_process_handle();
  }
  /// This stage's part of a job.
  virtual void work() = 0;
  /// Lets cycles of the array pass.
  void compute(std::uint64_t cycles) {
    wait(static_cast<double>(cycles) * shared_.period);
    shared_.compute_cycles += cycles;
  }

  const char* waits_for_ = "a job";

 private:
  void run() {
    for (;;) {
      waits_for_ = "a job";
      wait(shared_.start);
      work();
    }
  }

  StageLink& shared_;
  sc_core::sc_process_handle process_;
};

}  // namespace h2
