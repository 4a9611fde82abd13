// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <queue>
#include <systemc>
#include <vector>

#include "memory/backing_store.h"
#include "memory/bank_view.h"
#include "memory/bus/transfer_info.h"
#include "memory/dram/memory_timing.h"
#include "traces/record/trace.h"

namespace h2 {

class StatGroup;

/// One MemN: bytes, and the time they take. Serves non-blocking transport (base protocol, requests
/// accepted at once, responses one at a time in the order of completion), blocking transport, debug
/// and, without accounting for time, direct memory access.
class ExternalMemory : public sc_core::sc_module {
 public:
  struct Stats {
    std::array<std::uint64_t, static_cast<int>(TensorKind::count)> read_bytes{}, write_bytes{};

    LatencyHistogram latency;  ///< request to response, ps
    double queueing_ps = 0;    ///< sum of request to first line in a command queue
    Picoseconds busy_ps = 0;   ///< with transactions under way

    std::uint64_t total_read() const;
    std::uint64_t total_write() const;
  };

  tlm_utils::simple_target_socket<ExternalMemory> socket{"socket"};

  ExternalMemory(sc_core::sc_module_name name, const MemorySpec& spec, Trace& trace);

  std::uint64_t bytes() const { return spec_.bytes; }
  const Stats& stats() const { return stats_; }
  /// All that it counts.
  struct Counts {
    Stats stats;
    DramStatistics dram;
  };
  Counts counts() { return {stats_, dram_statistics()}; }
  /// Goes on from what the memory of an earlier board had counted; before time starts.
  void go_on_from(const Counts& earlier) {
    stats_ = earlier.stats;
    dram_before_ = earlier.dram;
  }
  double peak_gbps() const { return timing_->peak_gbps(); }
  /// Of the device up to the present time.
  DramStatistics dram_statistics();
  /// Adds what this memory counts.
  void declare(StatGroup& group);

  /// Test hook: the next `count` transactions that carry data are answered without moving it, and
  /// not counted.
  void drop(int count) { drop_ = count; }

 private:
  void start_of_simulation() override { banks_.start(*timing_); }

  struct Pending {
    tlm::tlm_generic_payload* payload = nullptr;  // non-blocking
    sc_core::sc_event* done = nullptr;            // blocking
    Picoseconds submitted = 0;
    std::uint64_t bytes = 0;
    std::uint64_t order = 0;
  };
  struct Response {
    Picoseconds time;
    std::uint64_t order;  // of submission
    std::uint64_t id;
    bool operator>(const Response& o) const {
      return time != o.time ? time > o.time : order > o.order;
    }
  };

  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay);
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);
  bool direct(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
  void submit(tlm::tlm_generic_payload& payload, Pending pending);
  void submit_late();
  void move(tlm::tlm_generic_payload& payload);
  void count(tlm::tlm_generic_payload& payload);
  void advance();
  void serve();
  void arm();
  void respond(std::uint64_t id);

  const MemorySpec spec_;
  std::unique_ptr<MemoryTiming> timing_;
  BackingStore store_;
  Stats stats_;
  DramStatistics dram_before_;  // of earlier boards
  Trace& trace_;
  const ModuleLog log_;
  int queue_signal_, bandwidth_signal_;
  BankView banks_;
  std::vector<Pending> pending_;  // by request id
  std::vector<std::uint64_t> free_ids_;
  std::size_t waiting_ = 0;      // pending requests
  std::uint64_t submitted_ = 0;  // requests so far
  std::priority_queue<Response, std::vector<Response>, std::greater<>> responses_;
  tlm_utils::peq_with_get<tlm::tlm_generic_payload> late_;  // requests with an annotated delay
  tlm::tlm_generic_payload* responding_ = nullptr;          // BEGIN_RESP sent, END_RESP to come
  Picoseconds response_free_ = 0;                           // END_RESP takes effect
  std::vector<MemoryCompletion> completions_;
  sc_core::sc_event event_;
  int drop_ = 0;
  Picoseconds busy_since_ = 0;
};

}  // namespace h2
