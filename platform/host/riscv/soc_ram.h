// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <memory>
#include <systemc>

namespace h2 {

/// The processor's RAM, zero at the start; gives its pointer away by DMI. Without access time: an
/// instruction takes one clock.
class SocRam : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<SocRam> socket{"socket"};

  SocRam(sc_core::sc_module_name name, std::uint32_t base, std::uint32_t bytes);

  void clear();
  /// Pointer to `bytes` at system address `address`; null if some of it lies outside.
  std::uint8_t* at(std::uint32_t address, std::uint32_t bytes);

 private:
  struct Release {
    void operator()(std::uint8_t* memory) const;
  };
  bool access(tlm::tlm_generic_payload& payload);
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);
  bool direct(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);

  const std::uint32_t base_, bytes_;
  std::unique_ptr<std::uint8_t, Release> memory_;
};

}  // namespace h2
