// SPDX-License-Identifier: Apache-2.0
#include "platform/host/host_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "memory/bus/payload.h"
#include "memory/bus/transfer_info.h"

namespace h2 {

void HostMemory::Release::operator()(std::uint8_t* memory) const { munmap(memory, bytes); }

HostMemory::HostMemory(sc_core::sc_module_name name, std::uint32_t bytes, sc_core::sc_time link)
    : sc_module(name), bytes_(bytes), link_(link), memory_(nullptr, Release{bytes}) {
  socket.register_b_transport(this, &HostMemory::blocking);
  socket.register_transport_dbg(this, &HostMemory::debug);
}

std::uint8_t* HostMemory::data() {
  if (memory_ == nullptr) {
    // Pages that are never touched take no room.
    void* const mapped =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    memory_.reset(static_cast<std::uint8_t*>(mapped));
  }
  return memory_.get();
}

bool HostMemory::access(tlm::tlm_generic_payload& payload) {
  if (!check_access(payload, bytes_)) return false;
  std::uint8_t* const here = data() + payload.get_address();
  if (payload.is_read()) std::memcpy(payload.get_data_ptr(), here, payload.get_data_length());
  if (payload.is_write()) std::memcpy(here, payload.get_data_ptr(), payload.get_data_length());
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return true;
}

void HostMemory::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  const bool host = info == nullptr || info->port % kPortsOfACard == kHostPort;
  // The bytes move at the end of the access: a card that writes is seen no earlier.
  const sc_core::sc_time time = delay + (host ? sc_core::SC_ZERO_TIME : link_);
  delay = sc_core::SC_ZERO_TIME;
  if (time != sc_core::SC_ZERO_TIME) wait(time);
  access(payload);
}

unsigned HostMemory::debug(tlm::tlm_generic_payload& payload) {
  return access(payload) ? payload.get_data_length() : 0;
}

}  // namespace h2
