// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <memory>
#include <systemc>

namespace h2 {

/// RAM of the host on the system bus, zero at the start: what a card's windows let it reach, for
/// example rings (H2_HOST_MEM_BASE). The card's accesses take the time of the host link; the host's
/// own take none, as its program has a time of its own.
class HostMemory : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<HostMemory> socket{"socket"};

  HostMemory(sc_core::sc_module_name name, std::uint32_t bytes, sc_core::sc_time link);

  std::uint32_t bytes() const { return bytes_; }
  /// All bytes, at a page boundary of the computer.
  std::uint8_t* data();

 private:
  struct Release {
    std::size_t bytes;
    void operator()(std::uint8_t* memory) const;
  };
  bool access(tlm::tlm_generic_payload& payload);
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);

  const std::uint32_t bytes_;
  const sc_core::sc_time link_;
  std::unique_ptr<std::uint8_t, Release> memory_;  // made by the first access
};

}  // namespace h2
