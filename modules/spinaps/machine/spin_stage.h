// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "modules/spinaps/machine/mailbox.h"
#include "modules/spinaps/spin_events.h"
#include "modules/spinaps/spin_job.h"

namespace h2 {

/// A network as PROGRAM leaves it: weights in the arrays, the rest in the neurons.
struct SpinProgram {
  bool valid = false;
  sa_table table{};
  std::vector<std::int32_t> biases;
  SigmoidTable sigmoid{};
};

/// The rows that a step reads.
struct StepToken {
  std::vector<int> rows;
  bool begins_sample = false;
  std::uint16_t seed = 0;
};
/// Potentials of a step, a value per class.
struct SumToken {
  std::vector<std::int32_t> u;
  bool begins_sample = false;
  std::uint16_t seed = 0;
};
struct SpikeToken {
  std::vector<std::int32_t> u;
  std::vector<std::uint8_t> fired;
  bool begins_sample = false;
};

/// What the modules of the card have in common.
struct SpinLink {
  sc_core::sc_time period;
  const SpinJob* job = nullptr;  ///< under way
  SpinProgram program;
  EventCounts events;                ///< of the job under way
  sc_core::sc_event start;           ///< a job begins
  std::uint64_t compute_cycles = 0;  ///< of the job: rows, neurons, writes
  /// Ends the job with an error.
  std::function<void(std::uint32_t error)> fail;
  /// The arrays or the neurons work from now on, or they wait.
  std::function<void(bool works)> on_state;

  Mailbox<StepToken> steps;
  Mailbox<SumToken> sums;
  Mailbox<SpikeToken> spikes;
  Mailbox<bool> verdicts;  ///< true: the sample has ended

  void clear() {
    steps.clear();
    sums.clear();
    spikes.clear();
    verdicts.clear();
  }
};

/// A module with a process that takes part in one job after another.
class SpinStage : public sc_core::sc_module {
 public:
  /// Ends what the process does, wherever it waits: it waits for the next job.
  virtual void restart() { process_.reset(); }
  /// What the process waits for.
  std::string describe() const { return std::string(basename()) + " waits for " + waits_for_; }

 protected:
  SpinStage(const sc_core::sc_module_name& name, SpinLink& link) : sc_module(name), link_(link) {
    SC_HAS_PROCESS(SpinStage);
    SC_THREAD(run);
    process_ = sc_core::sc_get_last_created_process_handle();
  }
  virtual void work() = 0;
  const SpinJob& job() const { return *link_.job; }
  /// Lets cycles of arrays or neurons pass.
  void compute(std::uint64_t cycles) {
    wait(static_cast<double>(cycles) * link_.period);
    link_.compute_cycles += cycles;
  }

  SpinLink& link_;
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
