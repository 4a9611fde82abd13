// SPDX-License-Identifier: Apache-2.0
#include "modules/device/register_bank.h"

#include <cstring>
#include <utility>

namespace h2 {
namespace {

constexpr int kSettle = 4;  // delta cycles

}  // namespace

RegisterBank::RegisterBank(sc_core::sc_module_name name, const RegisterMap& map,
                           sc_core::sc_time latency)
    : sc_module(name), latency_(latency) {
  for (const RegisterInfo& r : map) registers_[r.offset] = {r, r.reset, nullptr};
  socket.register_b_transport(this, &RegisterBank::blocking);
  socket.register_transport_dbg(this, &RegisterBank::debug);
}

void RegisterBank::reset_writable() {
  for (auto& [offset, reg] : registers_) {
    if (reg.info.access != H2_RO && !reg.info.kept) reg.value = reg.info.reset;
  }
}

void RegisterBank::on_write(std::uint32_t offset, WriteHandler handler) {
  registers_.at(offset).handler = std::move(handler);
}

RegisterBank::Register* RegisterBank::find(const tlm::tlm_generic_payload& payload) {
  if (payload.get_data_length() != 4 || payload.get_byte_enable_ptr() != nullptr) return nullptr;
  const auto found = registers_.find(static_cast<std::uint32_t>(payload.get_address()));
  return found == registers_.end() ? nullptr : &found->second;
}

bool RegisterBank::write(Register& reg, std::uint32_t value) {
  const std::uint32_t before = reg.value;
  reg.value = reg.info.access == H2_W1C ? before & ~value : value;
  if (!reg.handler || reg.handler(before, reg.value)) return true;
  reg.value = before;
  return false;
}

void RegisterBank::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  // What changes a register at this time comes first, whatever the order of processes: otherwise a
  // recorded run and its replay could read different values.
  for (int i = 0; i < kSettle; ++i) wait(sc_core::SC_ZERO_TIME);
  delay += latency_;
  Register* reg = find(payload);
  if (reg == nullptr) {
    payload.set_response_status(payload.get_data_length() == 4 ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                                                               : tlm::TLM_BURST_ERROR_RESPONSE);
  } else if (payload.is_read()) {
    ++reads_;
    std::memcpy(payload.get_data_ptr(), &reg->value, 4);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  } else if (payload.is_write() && reg->info.access != H2_RO &&
             !(locked && locked(reg->info.offset))) {
    ++writes_;
    std::uint32_t value;
    std::memcpy(&value, payload.get_data_ptr(), 4);
    payload.set_response_status(write(*reg, value) ? tlm::TLM_OK_RESPONSE
                                                   : tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;  // a handler that refuses reports by itself
  } else {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
  }
  if (payload.is_response_error() && on_fault) {
    on_fault(static_cast<std::uint32_t>(payload.get_address()));
  }
}

unsigned RegisterBank::debug(tlm::tlm_generic_payload& payload) {
  Register* reg = find(payload);
  if (reg == nullptr || !payload.is_read()) return 0;
  std::memcpy(payload.get_data_ptr(), &reg->value, 4);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return 4;
}

}  // namespace h2
