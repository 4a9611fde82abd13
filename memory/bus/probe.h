// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <unordered_map>
#include <vector>

#include "memory/bus/protocol_checker.h"
#include "memory/bus/transfer_info.h"
#include "memory/dram/statistics.h"
#include "traces/record/trace.h"

namespace h2 {

class StatGroup;

/// Sits between two sockets and passes every call on as it is: counts transactions, shows them on
/// the timeline and holds them against the base protocol, each on request. Takes no time; neither
/// side can tell that it is there.
class Probe : public sc_core::sc_module,
              public tlm::tlm_fw_transport_if<>,
              public tlm::tlm_bw_transport_if<> {
 public:
  struct Settings {
    std::string watched;  ///< name of the socket
    bool check = true, timeline = false;
  };
  /// Of timed transactions, unless named.
  struct Stats {
    std::uint64_t transactions = 0, errors = 0;     ///< answered; answered with an error
    std::uint64_t read_bytes = 0, write_bytes = 0;  ///< charged, of those without error
    std::uint64_t debug_accesses = 0;
    std::uint64_t most_open = 0;  ///< at one time
    LatencyHistogram latency;     ///< request to response, ps
  };

  tlm::tlm_target_socket<> target{"target"};
  tlm::tlm_initiator_socket<> initiator{"initiator"};

  Probe(sc_core::sc_module_name name, Settings settings, Trace& trace);

  /// Takes what breaks a rule; by default it becomes an error of SystemC, which ends the run.
  std::function<void(const Violation&)> on_violation;
  const std::string& watched() const { return settings_.watched; }
  const Stats& stats() const { return stats_; }
  /// Goes on from what the probe of an earlier board had counted; before time starts.
  void go_on_from(const Stats& earlier) { stats_ = earlier; }
  /// Adds what it counts.
  void declare(StatGroup& group) const;

 private:
  /// A transaction on its way. A slice takes a lane of its own, for those of one track may not
  /// overlap.
  struct Open {
    tlm::tlm_command command = tlm::TLM_IGNORE_COMMAND;
    std::uint64_t address = 0, bytes = 0;
    TensorKind kind = TensorKind::control;
    sc_core::sc_time begin;
    std::size_t lane = 0;
  };

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;
  void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

  Open begin(tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  void answered(const Open& open, const tlm::tlm_generic_payload& payload,
                const sc_core::sc_time& delay);
  /// The same for a non-blocking transaction, if it is known.
  void answered(const tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  std::size_t take_lane(const sc_core::sc_time& begin);
  void show(const Open& open, const tlm::tlm_generic_payload& payload, const sc_core::sc_time& end);
  void report(const Violation& violation) const;

  const Settings settings_;
  Trace& trace_;
  std::unique_ptr<ProtocolChecker> checker_;
  Stats stats_;
  std::uint64_t open_now_ = 0;
  std::unordered_map<const tlm::tlm_generic_payload*, Open> open_;
  std::vector<sc_core::sc_time> lanes_;  ///< when each is free again
};

}  // namespace h2
