// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/soc_device.h"

#include <cstring>

namespace h2 {

SocDevice::SocDevice(sc_core::sc_module_name name, Width width) : sc_module(name), width_(width) {
  socket.register_b_transport(this, &SocDevice::blocking);
  socket.register_transport_dbg(this, &SocDevice::debug);
}

bool SocDevice::fits(const tlm::tlm_generic_payload& payload) const {
  const unsigned bytes = payload.get_data_length();
  const bool legal = bytes == 4 || (width_ == Width::any && (bytes == 1 || bytes == 2));
  return legal && payload.get_address() % 4 == 0;
}

void SocDevice::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  if (!fits(payload)) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  advance();
  const auto offset = static_cast<std::uint32_t>(payload.get_address());
  const unsigned bytes = payload.get_data_length();
  std::uint32_t value = 0;
  if (payload.is_write()) std::memcpy(&value, payload.get_data_ptr(), bytes);
  const bool ok = payload.is_read() ? read(offset, value) : write(offset, value);
  if (ok && payload.is_read()) {
    std::memcpy(payload.get_data_ptr(), &value, bytes);
    was_read(offset);
  }
  payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

unsigned SocDevice::debug(tlm::tlm_generic_payload& payload) {
  std::uint32_t value = 0;
  const unsigned bytes = payload.get_data_length();
  if (!payload.is_read() || !fits(payload)) return 0;
  if (!read(static_cast<std::uint32_t>(payload.get_address()), value)) return 0;
  std::memcpy(payload.get_data_ptr(), &value, bytes);
  return bytes;
}

}  // namespace h2
