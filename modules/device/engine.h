// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <systemc>
#include <vector>

#include "modules/device/job.h"
#include "modules/device/job_engine.h"
#include "modules/device/worker_pool.h"
#include "traces/record/trace.h"

namespace h2 {

/// Forward, Backward or Weight Update Engine: one class, three instances. Load, arrive,
/// compute and store processes work on successive chunks of a job through the GLB: loads take
/// credits there and run ahead of the array as far as these go, results keep theirs until they are
/// stored. Knows neither tensors nor formulas: jobs do.
class Engine : public JobEngine {
 public:
  Engine(sc_core::sc_module_name name, const Settings& settings, Glb& glb, WorkerPool& workers,
         Trace& trace);

  /// `job` is a Job.
  JobRecord run(EngineJob& job, std::uint32_t sub_batch, sc_core::sc_time limit = {}) override;
  void abort(std::uint32_t error) override;
  Stats stats() const override;
  double kernel_seconds() const override { return kernel_seconds_; }
  std::uint64_t jobs() const override { return jobs_; }
  const EventCounts& events() const override { return events_; }
  void show_power(std::vector<double> event_pj, double clock_pj) override;
  std::string describe() const override;

 private:
  enum class State { idle, transfer, stall, compute };
  /// A chunk between two processes. All of them pass every chunk on in order, after an error
  /// without working on it.
  struct Token {
    int index = 0;
    bool has_stores = false;
    friend std::ostream& operator<<(std::ostream& out, const Token& t) { return out << t.index; }
  };
  /// A chunk whose last loads are under way.
  struct Arrival {
    int index = 0;
    int slot = -1;            // of the GLB
    std::uint64_t bytes = 0;  // charged, all stages
    EventCounts filled;       // the same bytes by tensor
    bool open = false;        // the batch has been issued and not finished
    sc_core::sc_time begin;
    MemoryPort::Batch batch;
  };

  void load_process();
  void compute_process();
  void store_process();
  void arrive_process();
  void issue_loads(Arrival& chunk);
  /// Credits for a burst of the load port.
  bool admit(std::uint64_t bytes);
  void note_holds(const Arrival& chunk);
  /// What is held until the chunk is computed goes.
  void release_operands(int chunk);
  /// Waits until the GLB has room for what the chunk begins to make.
  void begin_results(int chunk);
  void finish_loads(Arrival& chunk);
  /// True if a token went to the store process.
  bool compute_chunk(const Token& token);
  /// Results of a computed chunk into the GLB; true as above.
  bool hand_over(const Token& token);
  /// The data of `list` come into a half of the GLB, where they lie, and are taken from there.
  void pass_glb(Glb::Side side, int slot, const TransferList& list);
  void fail(std::uint32_t error);
  void set_state(State state);
  void transfers(int change);
  void drop_responses();
  void declare_rows() const;
  /// Events, and the cycles in which the array did them.
  void count(const EventCounts& events, std::uint64_t cycles);
  void show_job(std::uint32_t sub_batch) const;
  void show_phase(const char* process, int chunk, const sc_core::sc_time& begin) const;

  WorkerPool& workers_;
  Trace& trace_;
  const ModuleLog log_;
  int state_signal_, layer_signal_, sub_batch_signal_, load_signal_, store_signal_, power_signal_;

  Job* job_ = nullptr;
  JobRecord record_;
  std::deque<Arrival> arrivals_;
  struct Departure {
    int slot = 0;
    std::uint64_t results = 0;  // given back when the stores are through
    MemoryPort::Batch batch;
  };
  std::deque<Departure> stores_;
  // As long as there are slots: how far loads run ahead is a matter of credits.
  sc_core::sc_fifo<Token> issued_{"issued", Glb::kSlots}, loaded_{"loaded", Glb::kSlots},
      computed_{"computed", Glb::kSlots};
  sc_core::sc_event start_, arrived_, done_, grace_end_;
  int arrived_chunks_ = 0, loads_open_ = 0;
  std::vector<std::uint64_t> release_;  // by chunk: operand bytes that go when it is computed
  // Loaded for chunks up to the one that loads, and not released before it.
  std::uint64_t resident_ = 0;
  std::uint64_t made_ = 0;  // results of chunks so far that are not given back behind one of them
  std::uint64_t to_admit_ = 0, admitted_ = 0;  // of the batch that is being issued; credits at hand
  bool finished_ = false;
  std::uint64_t jobs_ = 0;
  EventCounts events_;
  std::vector<double> event_pj_;
  double clock_pj_ = 0;
  double kernel_seconds_ = 0;
  const char* load_wait_ = "a job";
  const char* arrive_wait_ = "a job";
  const char* compute_wait_ = "a job";
  const char* store_wait_ = "a job";

  State state_ = State::idle;
  sc_core::sc_time state_since_, last_end_;
  sc_core::sc_time result_wait_;  // for room for results while in State::stall
  sc_core::sc_time spent_[4];
  int active_transfers_ = 0;
  sc_core::sc_time transfer_since_, transfer_spent_;
};

}  // namespace h2
