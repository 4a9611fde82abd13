// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/device/job_engine.h"
#include "modules/spinalflow/machine/lane_array.h"
#include "modules/spinalflow/machine/merge_unit.h"
#include "modules/spinalflow/machine/min_find_unit.h"
#include "modules/spinalflow/machine/output_sorter.h"
#include "modules/spinalflow/machine/spine_dma.h"
#include "traces/record/trace.h"

namespace h2 {

/// The whole unit: memory -> spine buffers -> min-find -> merge -> filter buffer -> lanes ->
/// sorter -> memory, each with a process of its own. Runs SpineJobs.
class SpinalEngine : public JobEngine {
 public:
  struct Settings : JobEngine::Settings {
    SpinalUnit unit;
    std::uint32_t dma_bytes = 160;  ///< per cycle
  };

  SpinalEngine(sc_core::sc_module_name name, const Settings& settings, Glb& filter_memory,
               Trace& trace);

  JobRecord run(EngineJob& job, std::uint32_t sub_batch, sc_core::sc_time limit = {}) override;
  void abort(std::uint32_t error) override;
  Stats stats() const override;
  double kernel_seconds() const override { return 0; }
  std::uint64_t jobs() const override { return jobs_; }
  const EventCounts& events() const override;
  void show_power(std::vector<double> event_pj, double clock_pj) override;
  std::string describe() const override;

 private:
  enum class State { idle, stall, compute };
  bool finished() const { return sorter_.done() && !dma_.busy(); }
  void start_of_simulation() override;
  void pass_filter(const std::uint8_t* bytes, std::size_t count);
  void begin(const SpineJob& job);
  void await(sc_core::sc_time limit);
  void fail(std::uint32_t error);
  /// Waits for the transactions of a job that failed, then takes all units back.
  void break_off();
  void set_state(State state);
  void fill_record(const SpineJob& job);
  void show_job(std::uint32_t sub_batch) const;
  void show_energy();

  Trace& trace_;
  const ModuleLog log_;
  int state_signal_, layer_signal_, sub_batch_signal_, power_signal_;
  SpineLink link_;
  std::optional<SpinePlan> plan_;
  StreamBuffers<SpineEvent> spines_, tiles_;
  StreamBuffers<SumRow> sums_;
  MinFindUnit::Fifos groups_;
  BoundedFifo<SpineToken> merged_{2};
  BoundedFifo<RowToken> rows_{2};
  LaneFifos lane_fifos_;
  MinFindUnit min_find_;
  MergeUnit merge_;
  FilterBuffer filter_;
  SpineDma dma_;
  LaneArray lanes_;
  OutputSorter sorter_;

  JobRecord record_;
  bool running_ = false;
  sc_core::sc_event failed_;
  std::uint64_t jobs_ = 0;
  EventCounts ended_;        // of the jobs before
  mutable EventCounts all_;  // with the one under way
  EventCounts shown_;        // of the job, in the waveform
  std::uint64_t shown_rows_ = 0;
  std::vector<double> event_pj_;
  double clock_pj_ = 0;
  State state_ = State::idle;
  sc_core::sc_time state_since_, last_end_;
  sc_core::sc_time spent_[3];
};

}  // namespace h2
