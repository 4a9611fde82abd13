// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>

namespace h2 {

/// A peripheral of 32-bit registers on the processor's bus. Takes no time of its own: the access
/// costs what its instruction costs.
class SocDevice : public sc_core::sc_module {
 public:
  /// What a register takes beside its word: nothing, or also a byte or half a word at its address,
  /// which is extended by zeros.
  enum class Width { word, any };

  tlm_utils::simple_target_socket<SocDevice> socket{"socket"};

  explicit SocDevice(sc_core::sc_module_name name, Width width = Width::word);
  /// As at the start of simulation.
  virtual void reset() = 0;

 protected:
  /// Brings the state up to the present; called before the processor's accesses.
  virtual void advance() {}
  /// False where there is no such register; without side effects, debuggers read too.
  virtual bool read(std::uint32_t offset, std::uint32_t& value) = 0;
  /// The processor has read a register: what that changes.
  virtual void was_read(std::uint32_t /*offset*/) {}
  /// False where nothing can be written.
  virtual bool write(std::uint32_t offset, std::uint32_t value) = 0;

 private:
  bool fits(const tlm::tlm_generic_payload& payload) const;
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);

  const Width width_;
};

}  // namespace h2
