// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/access_guard.h"

namespace h2 {

/// One range of the system address map.
struct AddressRange {
  std::string name;
  std::uint64_t base = 0, bytes = 0;
  int target = 0;            ///< index of the bound target socket
  std::uint64_t offset = 0;  ///< what the target sees for `base`
};

/// Routes transactions by address; targets see their own offsets. Adds no time: contention and
/// latency belong to the targets.
class Interconnect : public sc_core::sc_module {
 public:
  tlm_utils::multi_passthrough_target_socket<Interconnect> initiators{"initiators"};
  tlm_utils::multi_passthrough_initiator_socket<Interconnect> targets{"targets"};

  Interconnect(sc_core::sc_module_name name, std::vector<AddressRange> map);

  const std::vector<AddressRange>& map() const { return map_; }

  /// Decides what becomes of a timed transaction; debug accesses and DMI are not asked for.
  std::function<AccessGuard::Verdict(const tlm::tlm_generic_payload&)> guard;

 private:
  /// Stays with a payload, for the initiators that use it again and again.
  struct Route : tlm::tlm_extension<Route> {
    int initiator = 0, target = 0;
    std::uint64_t address = 0;
    tlm::tlm_extension_base* clone() const override { return new Route(*this); }
    void copy_from(tlm::tlm_extension_base const& other) override {
      *this = static_cast<const Route&>(other);
    }
  };
  static Route& route_of(tlm::tlm_generic_payload& payload);

  tlm::tlm_sync_enum forward(int initiator, tlm::tlm_generic_payload& payload,
                             tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum backward(int target, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay);
  void blocking(int initiator, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(int initiator, tlm::tlm_generic_payload& payload);
  bool direct(int initiator, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
  /// The range to go on to, or null with the response set; `swallow`: it is not to be answered.
  const AddressRange* admit(tlm::tlm_generic_payload& payload, bool& swallow) const;
  /// The range that holds the whole access, or null.
  const AddressRange* decode(const tlm::tlm_generic_payload& payload) const;

  std::vector<AddressRange> map_;
};

}  // namespace h2
