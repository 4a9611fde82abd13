// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>

namespace h2 {

/// The processor's way to its RAM, whose bytes also lie on the system bus; zero at the start. Gives
/// its pointer away by DMI. Without access time: an instruction takes one clock.
class SocRam : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<SocRam> socket{"socket"};

  /// `bytes` at `memory`, a page boundary, which the caller keeps.
  SocRam(sc_core::sc_module_name name, std::uint32_t base, std::uint32_t bytes,
         std::uint8_t* memory);

  void clear();
  /// Pointer to `bytes` at system address `address`; null if some of it lies outside.
  std::uint8_t* at(std::uint32_t address, std::uint32_t bytes);

 private:
  bool access(tlm::tlm_generic_payload& payload);
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);
  bool direct(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);

  const std::uint32_t base_, bytes_;
  std::uint8_t* const memory_;
};

}  // namespace h2
