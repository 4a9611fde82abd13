#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>

namespace h2 {

/// A peripheral of 32-bit registers on the processor's bus. Takes no time of its own: the access
/// costs what its instruction costs.
class SocDevice : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<SocDevice> socket{"socket"};

  explicit SocDevice(sc_core::sc_module_name name);

 protected:
  /// False where there is no such register; without side effects, debuggers read too.
  virtual bool read(std::uint32_t offset, std::uint32_t& value) = 0;
  /// False where nothing can be written.
  virtual bool write(std::uint32_t offset, std::uint32_t value) = 0;

 private:
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);
};

}  // namespace h2
