// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <systemc>

#include "modules/multicore/machine/packet.h"
#include "traces/record/trace.h"

namespace h2 {

/// One router of the mesh with five ports. A packet is a write over a socket: BEGIN_REQ announces
/// its head, `hop_cycles` later it is there; the answer (TLM_COMPLETED, or BEGIN_RESP once there is
/// room) says that the next router takes it, and from then on the link is busy for all its flits.
/// An input holds whole packets, so what waits blocks no link behind it (virtual cut-through).
/// Every output has a process: it takes the packet whose head came first; at the same time, the one
/// from the input with the lower number.
class Router : public sc_core::sc_module {
 public:
  struct Settings {
    sc_core::sc_time period;  ///< of the mesh's clock
    int index = 0;
    int hop_cycles = 3, buffer_packets = 4;
  };
  /// Of an output, up to now.
  struct OutputStats {
    FlitCounts flits{};
    std::uint64_t packets = 0;
    sc_core::sc_time waited;  ///< of heads, from their arrival until the link took them
  };

  using In = tlm_utils::simple_target_socket_tagged_optional<Router>;
  using Out = tlm_utils::simple_initiator_socket_tagged_optional<Router>;
  /// By MeshPort; those without a neighbour stay unbound.
  std::array<std::unique_ptr<In>, kMeshPorts> in;
  std::array<std::unique_ptr<Out>, kMeshPorts> out;

  /// `routes` and `pool` outlive the router.
  Router(sc_core::sc_module_name name, const Settings& settings, const MeshRoutes& routes,
         PacketPool& pool, Trace& trace);

  const OutputStats& output(int port) const { return outputs_[port].stats; }
  /// Packets that its inputs hold or that wait before them.
  std::size_t packets() const;

 private:
  /// A packet in an input buffer.
  struct Held {
    tlm::tlm_generic_payload* payload = nullptr;
    sc_core::sc_time head;  ///< when its first flit can go on
    std::array<NodeSet, kMeshPorts> ways;
    unsigned ports = 0;  ///< outputs that have not taken it yet
  };
  struct Input {
    std::deque<Held> held;
    int used = 0;                                 ///< places taken, those still leaving included
    std::deque<sc_core::sc_time> leaving;         ///< when places become free
    tlm::tlm_generic_payload* waiting = nullptr;  ///< announced, without a place
    sc_core::sc_time delay;                       ///< of `waiting`
    sc_core::sc_event freed;
  };
  struct Output {
    sc_core::sc_time free_at;
    int from = -1;  ///< input whose packet is announced and not yet taken
    tlm::tlm_generic_payload* sent = nullptr;
    sc_core::sc_event wake;
    OutputStats stats;
    int busy_signal = 0;
  };

  tlm::tlm_sync_enum receive(int port, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay);
  tlm::tlm_sync_enum taken(int port, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                           sc_core::sc_time& delay);
  void hold(int port, tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  void offer(const Held& packet);
  void send(int port);
  int first_head(int port) const;
  void await_head(int port);
  void leave(int port);
  void free_places(int port);
  sc_core::sc_time flits_time(const tlm::tlm_generic_payload& payload) const;

  const Settings settings_;
  const MeshRoutes& routes_;
  PacketPool& pool_;
  Trace& trace_;
  std::array<Input, kMeshPorts> inputs_;
  std::array<Output, kMeshPorts> outputs_;
};

}  // namespace h2
