// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/soc_ram.h"

#include <cstring>

namespace h2 {

SocRam::SocRam(sc_core::sc_module_name name, std::uint32_t base, std::uint32_t bytes,
               std::uint8_t* memory)
    : sc_module(name), base_(base), bytes_(bytes), memory_(memory) {
  socket.register_b_transport(this, &SocRam::blocking);
  socket.register_transport_dbg(this, &SocRam::debug);
  socket.register_get_direct_mem_ptr(this, &SocRam::direct);
}

void SocRam::clear() { std::memset(memory_, 0, bytes_); }

std::uint8_t* SocRam::at(std::uint32_t address, std::uint32_t bytes) {
  const std::uint32_t offset = address - base_;
  if (offset > bytes_ || bytes > bytes_ - offset) return nullptr;
  return memory_ + offset;
}

bool SocRam::access(tlm::tlm_generic_payload& payload) {
  const std::uint64_t offset = payload.get_address(), bytes = payload.get_data_length();
  if (offset > bytes_ || bytes > bytes_ - offset) return false;
  std::uint8_t* const here = memory_ + offset;
  if (payload.is_read()) std::memcpy(payload.get_data_ptr(), here, bytes);
  if (payload.is_write()) std::memcpy(here, payload.get_data_ptr(), bytes);
  return true;
}

void SocRam::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const bool ok = access(payload);
  payload.set_dmi_allowed(true);
  payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

unsigned SocRam::debug(tlm::tlm_generic_payload& payload) {
  return access(payload) ? payload.get_data_length() : 0;
}

bool SocRam::direct(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
  dmi.set_dmi_ptr(memory_);
  dmi.set_start_address(0);
  dmi.set_end_address(bytes_ - 1);
  dmi.allow_read_write();
  return true;
}

}  // namespace h2
