#include "platform/host/riscv/soc_device.h"

#include <cstring>

namespace h2 {
namespace {

bool is_word(const tlm::tlm_generic_payload& payload) {
  return payload.get_data_length() == 4 && payload.get_address() % 4 == 0;
}

}  // namespace

SocDevice::SocDevice(sc_core::sc_module_name name) : sc_module(name) {
  socket.register_b_transport(this, &SocDevice::blocking);
  socket.register_transport_dbg(this, &SocDevice::debug);
}

void SocDevice::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  if (!is_word(payload)) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  const auto offset = static_cast<std::uint32_t>(payload.get_address());
  std::uint32_t value = 0;
  std::memcpy(&value, payload.get_data_ptr(), 4);
  const bool ok = payload.is_read() ? read(offset, value) : write(offset, value);
  if (ok && payload.is_read()) std::memcpy(payload.get_data_ptr(), &value, 4);
  payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

unsigned SocDevice::debug(tlm::tlm_generic_payload& payload) {
  std::uint32_t value = 0;
  if (!payload.is_read() || !is_word(payload)) return 0;
  if (!read(static_cast<std::uint32_t>(payload.get_address()), value)) return 0;
  std::memcpy(payload.get_data_ptr(), &value, 4);
  return 4;
}

}  // namespace h2
