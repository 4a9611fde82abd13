// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <systemc>
#include <vector>

#include "memory/bus/transfer_info.h"

namespace h2 {

/// An engine's way to memory: cuts transfers into bursts and keeps several of them outstanding with
/// non-blocking transport. The only place that builds an engine's payload and checks its response.
class MemoryPort : public sc_core::sc_module, public tlm::tlm_mm_interface {
 public:
  struct Settings {
    std::uint32_t burst_bytes = 4096;
    int outstanding = 8;
    int port = kHostPort;
  };
  struct Stats {
    std::uint64_t read_bytes = 0, write_bytes = 0;  ///< charged
    std::uint64_t bursts = 0;
  };

  tlm_utils::simple_initiator_socket<MemoryPort> socket{"socket"};

  MemoryPort(sc_core::sc_module_name name, Settings settings);
  ~MemoryPort() override;

  /// Transfers under way; lives until they are finished.
  struct Batch {
    TransferList list;
    int left = 0;  ///< responses to come
    bool failed = false;
  };
  /// Sends the requests of `batch` and returns when the last one is out; from one thread process.
  void issue(Batch& batch);
  /// Returns when the last response is in. False: some response was an error, or the port was
  /// cancelled before the last request was out.
  bool finish(Batch& batch);

  /// Sends nothing more until resume().
  void cancel();
  /// After cancel(): does not wait for responses any longer either. One that still comes is
  /// dropped.
  void drop_responses();
  void resume() { cancelled_ = false; }

  /// Set by a receiver with limited room: asked before every request, with its charged bytes. The
  /// port waits after a no until retry().
  std::function<bool(std::uint64_t bytes)> admit;
  void retry() { proceed(); }

  const Stats& stats() const { return stats_; }

 private:
  /// Travels with a payload.
  struct Burst : TransferInfo {
    Batch* batch = nullptr;  ///< null: not under way, or dropped
    /// Of a dropped batch: the payload still refers to it.
    std::shared_ptr<TransferList::Buffer> orphan;
  };
  static Burst& burst_of(tlm::tlm_generic_payload& payload) {
    return static_cast<Burst&>(*payload.get_extension<TransferInfo>());
  }

  /// The batch whose requests are going out, and where in it.
  struct Issue {
    Batch* batch = nullptr;
    std::size_t transfer = 0;
    std::uint64_t done = 0;  ///< bytes of that transfer
  };
  /// Sends what may go out now; every answer makes room for more.
  void proceed();
  void request(Batch& batch, const Transfer& transfer, std::uint64_t done, std::uint64_t bytes);
  void send(tlm::tlm_generic_payload& payload);
  void complete(tlm::tlm_generic_payload& payload);
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay);
  tlm::tlm_generic_payload& allocate();
  void free(tlm::tlm_generic_payload* payload) override;

  const Settings settings_;
  Stats stats_;
  std::vector<std::uint8_t> scratch_;
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> payloads_;
  std::vector<tlm::tlm_generic_payload*> idle_;
  int in_flight_ = 0;
  const tlm::tlm_generic_payload* requesting_ = nullptr;  // sent and not yet accepted
  bool cancelled_ = false;
  Issue issue_;
  bool proceeding_ = false;
  sc_core::sc_event issued_;    // the last request of the batch is out
  sc_core::sc_event finished_;  // some batch has all its responses
};

}  // namespace h2
