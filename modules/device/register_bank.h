// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <systemc>

#include "modules/contract/h2_contract.h"
#include "modules/device/register_map.h"

namespace h2 {

/// The registers of one device. Answers bad accesses with a TLM error response; owners see them
/// through on_fault and writes through on_write.
class RegisterBank : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<RegisterBank> socket{"socket"};

  /// `latency` is annotated on every timed access.
  RegisterBank(sc_core::sc_module_name name, const RegisterMap& map, sc_core::sc_time latency);

  std::uint32_t get(std::uint32_t offset) const { return registers_.at(offset).value; }
  void set(std::uint32_t offset, std::uint32_t value) { registers_.at(offset).value = value; }
  std::uint64_t get64(std::uint32_t low) const {
    return get(low) | static_cast<std::uint64_t>(get(low + 4)) << 32;
  }
  /// Back to the reset values: what software may write and a soft reset does not keep.
  void reset_writable();
  /// Called with the old and new value after a software write has taken effect. Returning false
  /// restores the old value and answers with an error.
  using WriteHandler = std::function<bool(std::uint32_t before, std::uint32_t after)>;
  void on_write(std::uint32_t offset, WriteHandler handler);
  /// If set: whether the register refuses writes now.
  std::function<bool(std::uint32_t offset)> locked;
  /// Called with the offset of an access that was refused.
  std::function<void(std::uint32_t offset)> on_fault;

  std::uint64_t reads() const { return reads_; }
  std::uint64_t writes() const { return writes_; }
  /// Goes on from what was counted before; before time starts.
  void go_on_from(std::uint64_t reads, std::uint64_t writes) {
    reads_ = reads;
    writes_ = writes;
  }

 private:
  struct Register {
    RegisterInfo info;
    std::uint32_t value = 0;
    WriteHandler handler;
  };

  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);
  Register* find(const tlm::tlm_generic_payload& payload);
  bool write(Register& reg, std::uint32_t value);

  const sc_core::sc_time latency_;
  std::map<std::uint32_t, Register> registers_;
  std::uint64_t reads_ = 0, writes_ = 0;
};

}  // namespace h2
