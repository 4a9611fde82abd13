// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <systemc>

#include "modules/multicore/machine/loads.h"

namespace h2 {

/// West edge of a row: takes the memory transactions of the cores to the bus of the board and the
/// answers back. It holds as many of them as the ports of all cores have outstanding together, so
/// that a packet that comes never waits.
class MemoryGateway : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<MemoryGateway> bus{"bus"};

  /// `link` outlives it.
  MemoryGateway(sc_core::sc_module_name name, const NocSpec& noc, MeshEndpoint& link);

  std::uint64_t transactions() const { return transactions_; }

 private:
  using Load = std::shared_ptr<MemoryLoad>;

  void receive(const Packet& packet);
  void proceed();
  void request(const Load& load);
  void finish(tlm::tlm_generic_payload& payload);
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay);

  const NocSpec noc_;
  MeshEndpoint& link_;
  std::deque<Load> waiting_;
  std::map<const tlm::tlm_generic_payload*, Load> under_way_;
  const tlm::tlm_generic_payload* requesting_ = nullptr;  // sent and not yet accepted
  bool proceeding_ = false;
  std::uint64_t transactions_ = 0;
};

}  // namespace h2
