// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <deque>
#include <functional>
#include <systemc>

#include "modules/multicore/machine/packet.h"

namespace h2 {

/// A core's or a gateway's end of its link to the router: sends packets one after another and takes
/// everything that comes. A node in a clock domain of its own pays synchroniser cycles of the
/// receiving clock in either direction.
class MeshEndpoint : public sc_core::sc_module {
 public:
  struct Settings {
    sc_core::sc_time period;       ///< of the mesh
    sc_core::sc_time node_period;  ///< of the node
    bool crossing = false;         ///< the node has a clock of its own
    int sync_cycles = 2;
    int node = 0;
  };
  struct Stats {
    std::uint64_t sent = 0, received = 0;  ///< packets
    std::uint64_t latency_cycles = 0;      ///< of received ones, first flit in to last flit out
    std::uint64_t longest_cycles = 0;
    /// Received packets by latency; the last place: all that took longer.
    std::array<std::uint64_t, 4096> by_latency{};
    /// Latency that a share of the packets does not exceed.
    double percentile(double share) const;
  };

  tlm_utils::simple_initiator_socket<MeshEndpoint> out{"out"};
  tlm_utils::simple_target_socket<MeshEndpoint> in{"in"};

  /// `pool` outlives it.
  MeshEndpoint(sc_core::sc_module_name name, const Settings& settings, PacketPool& pool);

  /// Queues one packet.
  struct Order {
    NodeSet to;
    PacketKind kind = PacketKind::spikes;
    int flits = 1;
    std::shared_ptr<PacketLoad> load;
    std::uint64_t offset = 0, bytes = 0;  ///< Packet's
  };
  void send(const Order& order);
  /// A packet is in, with its last flit.
  std::function<void(const Packet&)> received;
  /// The last packet that was queued is on its way: room for more.
  std::function<void()> sent_all;

  std::size_t queued() const { return queue_.size(); }
  const Stats& stats() const { return stats_; }

 private:
  struct Waiting {
    tlm::tlm_generic_payload* payload;
    sc_core::sc_time ready;
  };
  struct Coming {
    tlm::tlm_generic_payload* payload;
    sc_core::sc_time end;
  };
  void inject();
  void leave();
  void arrive();
  tlm::tlm_sync_enum taken(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                           sc_core::sc_time& delay);
  tlm::tlm_sync_enum receive(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay);
  /// When something that is there at `time` is known in a clock domain.
  sc_core::sc_time crossed(const sc_core::sc_time& time, const sc_core::sc_time& period) const;

  const Settings settings_;
  PacketPool& pool_;
  std::deque<Waiting> queue_;
  std::deque<Coming> coming_;
  bool announced_ = false;
  sc_core::sc_time free_at_;
  sc_core::sc_event wake_, arrival_;
  Stats stats_;
};

}  // namespace h2
