#include "memory/glb.h"

#include <algorithm>
#include <cstring>

namespace h2 {

Glb::Glb(sc_core::sc_module_name name, std::uint64_t capacity, Trace& trace)
    : sc_module(name),
      capacity_(capacity),
      halves_{sc_core::sc_semaphore("operand_halves", 2),
              sc_core::sc_semaphore("result_halves", 2)},
      trace_(trace),
      fill_signal_(trace.add_level(this->name(), "fill_bytes", 32)) {
  socket.register_b_transport(this, &Glb::blocking);
  socket.register_transport_dbg(this, &Glb::debug);
}

void Glb::hold(std::uint64_t bytes) {
  held_ += bytes;
  high_water_ = std::max(high_water_, held_);
  trace_.change(fill_signal_, held_);
}

void Glb::drop(std::uint64_t bytes) {
  held_ -= bytes;
  trace_.change(fill_signal_, held_);
}

void Glb::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time&) { debug(payload); }

unsigned Glb::debug(tlm::tlm_generic_payload& payload) {
  const std::uint64_t half = payload.get_address() >> 32;
  const std::uint64_t offset = payload.get_address() & 0xFFFFFFFF;
  const std::uint64_t length = payload.get_data_length();
  if (half >= bytes_.size()) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return 0;
  }
  std::vector<std::uint8_t>& bytes = bytes_[half];
  if (payload.is_write()) {
    if (offset + length > bytes.size()) bytes.resize(offset + length);
    std::memcpy(bytes.data() + offset, payload.get_data_ptr(), length);
  } else if (offset + length <= bytes.size()) {
    std::memcpy(payload.get_data_ptr(), bytes.data() + offset, length);
  } else {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return 0;
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return static_cast<unsigned>(length);
}

}  // namespace h2
