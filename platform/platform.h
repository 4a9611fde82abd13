// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/interconnect.h"
#include "memory/bus/probes.h"
#include "modules/device/worker_pool.h"
#include "platform/board_counts.h"
#include "platform/config/config.h"
#include "platform/node.h"
#include "traces/record/trace.h"

namespace h2 {

/// The whole board: nodes on one bus. Most boards have one node; its parts have names here.
class Platform : public sc_core::sc_module {
 public:
  struct Options : NodeOptions {
    int threads = 1;
    int nodes = 1;  ///< 1..kMostNodes
    /// What earlier boards of the same run counted; with one node.
    BoardCounts earlier;
  };
  static constexpr int kMostNodes = 8;

  /// Throws InputError for a number of nodes that the address map has no room for.
  Platform(sc_core::sc_module_name name, const Config& config, const Options& options,
           Trace& trace);

  /// Simulates until the programs of all hosts have ended. Rethrows what ended one of them; throws
  /// RunError that lists what each process waits for if nothing can happen any more, nothing has
  /// happened for too long, or simulated time has reached its end, 2,300,000 s.
  void run();

  /// Grows with what the cards do and with every heartbeat of a host.
  std::uint64_t progress() const;
  /// The watchdog's window: core cycles without progress after which a run counts as hung.
  std::uint64_t watchdog_cycles() const;
  /// Who waits for what: all, and the card of node 0 alone.
  std::string describe() const;
  std::string describe_card() const;
  sc_core::sc_time period() const { return period_; }
  /// Core cycles since the start of the run, rounded down.
  std::uint64_t cycle() const {
    return earlier_.cycle + sc_core::sc_time_stamp().value() / period_.value();
  }
  /// Cycles of the run before this board.
  std::uint64_t first_cycle() const { return earlier_.cycle; }
  /// What the board has counted, earlier ones included.
  BoardCounts counts() const;
  EngineStats engine_stats(std::size_t engine) const;
  EventCounts engine_events(std::size_t engine) const;
  /// Processor time of the engines' arithmetic, summed over all threads.
  double kernel_seconds() const;
  const std::vector<const JobEngine*>& engines() const { return accelerator.engines(); }

 private:
  void go_on();

  const Config& config_;
  const BoardCounts earlier_;
  const sc_core::sc_time period_;
  WorkerPool workers_;
  bool finished() const;
  bool bounded_wait_since(sc_core::sc_time time) const;
  struct Progress {
    std::vector<std::uint64_t> cards;  ///< activity of each node's card
    std::uint64_t all = 0;
  };
  Progress take_progress() const;
  std::string hang(const Progress& before, const Progress& now, sc_core::sc_time window) const;
  AccessGuard::Verdict judge(const tlm::tlm_generic_payload& payload);

 public:
  Probes probes;
  Interconnect interconnect;
  std::vector<std::unique_ptr<Node>> nodes;
  // Of node 0.
  HostCpu& host;
  Accelerator& accelerator;
  CommandProcessor& controller;
  std::vector<std::unique_ptr<ExternalMemory>>& memories;
};

}  // namespace h2
