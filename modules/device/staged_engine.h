// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "modules/device/job_engine.h"
#include "modules/device/stage.h"
#include "traces/record/trace.h"

namespace h2 {

/// An engine that is a chain of stages with a process each: a job starts all of them and has ended
/// when the last one has. Keeps the account of states, events, power and records; what the stages
/// are is the derived module's.
class StagedEngine : public JobEngine {
 public:
  JobRecord run(EngineJob& job, std::uint32_t sub_batch, sc_core::sc_time limit = {}) override;
  void abort(std::uint32_t error) override;
  Stats stats() const override;
  double kernel_seconds() const override { return 0; }
  std::uint64_t jobs() const override { return jobs_; }
  const EventCounts& events() const override;
  void show_power(std::vector<double> event_pj, double clock_pj) override;
  std::string describe() const override;

 protected:
  /// `link` may be a member of the derived module.
  StagedEngine(const sc_core::sc_module_name& name, const Settings& settings, Glb& glb,
               Trace& trace, StageLink& link);
  /// To be called once the link and the stages exist.
  void connect(std::vector<Stage*> stages);

  /// Prepares link and stages for a job, before they start.
  virtual void begin(const EngineJob& job) = 0;
  /// Everything is computed and stored.
  virtual bool finished() const = 0;
  /// What finished() may change with.
  virtual void add_ends(sc_core::sc_event_or_list& events) const = 0;
  /// Responses of memory are to come.
  virtual bool under_way() const = 0;
  /// The stages are to be ready for the next job.
  virtual void end(bool failed) = 0;
  /// Adds to a record that has cycles, compute cycles and densities of a job that took no data.
  virtual void fill_record(const EngineJob& job, JobRecord& record) = 0;
  /// For the log: what came of the job.
  virtual std::string outcome(const JobRecord& record) const = 0;
  /// For the timeline, beside cycles and bytes.
  virtual void add_arguments(const JobRecord& record, nlohmann::ordered_json& arguments) const = 0;

  void restart_stages();
  /// Writes to slot 0 of the global buffer through its socket.
  void fill_buffer(const std::uint8_t* bytes, std::size_t count);
  /// Shows the energy since the last call.
  void show_energy();

  Trace& trace_;

 private:
  enum class State { idle, stall, compute };
  void start_of_simulation() override;
  void begin_record(const EngineJob& job, std::uint32_t sub_batch);
  void await(sc_core::sc_time limit);
  void fail(std::uint32_t error);
  /// Waits for the transactions of a job that failed.
  void break_off();
  void set_state(State state);
  void show_job(std::uint32_t sub_batch) const;

  const ModuleLog log_;
  StageLink& shared_;
  std::vector<Stage*> stages_;
  int state_signal_, layer_signal_, sub_batch_signal_, power_signal_;

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
