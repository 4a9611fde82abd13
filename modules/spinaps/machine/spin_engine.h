// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "modules/device/job_engine.h"
#include "modules/spinaps/machine/first_spike_arbiter.h"
#include "modules/spinaps/machine/glm_neurons.h"
#include "modules/spinaps/machine/nvm_array.h"
#include "modules/spinaps/machine/spike_scheduler.h"
#include "traces/record/trace.h"

namespace h2 {

/// The whole card: memory -> buffer -> scheduler -> arrays -> neurons -> arbiter -> memory, each
/// with a process of its own. Runs SpinJobs.
class SpinEngine : public JobEngine {
 public:
  SpinEngine(sc_core::sc_module_name name, const Settings& settings, const SpinApsMachine& machine,
             Glb& buffer, Trace& trace);

  JobRecord run(EngineJob& job, std::uint32_t sub_batch, sc_core::sc_time limit = {}) override;
  void abort(std::uint32_t error) override;
  Stats stats() const override;
  double kernel_seconds() const override { return 0; }
  std::uint64_t jobs() const override { return jobs_; }
  const EventCounts& events() const override;
  void show_power(std::vector<double> event_pj, double clock_pj) override;
  std::string describe() const override;
  /// What the arrays hold.
  const NvmStore& store() const { return array_.store(); }

 private:
  enum class State { idle, stall, compute };
  bool finished() const {
    return (link_.job->program ? array_.programmed() : scheduler_.done()) && !dma_.storing();
  }
  std::array<SpinStage*, 5> stages() { return {&dma_, &scheduler_, &array_, &neurons_, &arbiter_}; }
  void start_of_simulation() override;
  void fill_buffer(const std::uint8_t* bytes, std::size_t count);
  void begin(const SpinJob& job, std::uint32_t sub_batch);
  void await(sc_core::sc_time limit);
  void fail(std::uint32_t error);
  /// Waits for the transactions of a job that failed.
  void break_off();
  void set_state(State state);
  void fill_record(const SpinJob& job);
  void show_job(std::uint32_t sub_batch) const;
  void show_energy();

  Trace& trace_;
  const ModuleLog log_;
  int state_signal_, layer_signal_, sub_batch_signal_, winner_signal_, step_signal_, power_signal_;
  SpinLink link_;
  SpinDma dma_;
  SpikeScheduler scheduler_;
  NvmArray array_;
  GlmNeurons neurons_;
  FirstSpikeArbiter arbiter_;

  JobRecord record_;
  bool running_ = false;
  sc_core::sc_event failed_;
  std::uint64_t jobs_ = 0;
  EventCounts ended_;        // of the jobs before
  mutable EventCounts all_;  // with the one under way
  EventCounts shown_;        // of the job, in the waveform
  std::uint64_t shown_cycles_ = 0;
  std::vector<double> event_pj_;
  double clock_pj_ = 0;
  State state_ = State::idle;
  sc_core::sc_time state_since_, last_end_;
  sc_core::sc_time spent_[3];
};

}  // namespace h2
