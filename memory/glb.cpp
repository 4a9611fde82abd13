#include "memory/glb.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace h2 {

Glb::Glb(sc_core::sc_module_name name, std::uint64_t capacity, Trace& trace)
    : sc_module(name),
      capacity_(capacity),
      halves_{sc_core::sc_semaphore("operand_halves", 2),
              sc_core::sc_semaphore("result_halves", 2)},
      trace_(trace),
      fill_signal_(trace.add_level(this->name(), "fill_bytes", 32, TraceLevel::tiles)) {
  for (std::shared_ptr<Bytes>& bytes : bytes_) bytes = std::make_shared<Bytes>();
  socket.register_b_transport(this, &Glb::blocking);
  socket.register_transport_dbg(this, &Glb::debug);
}

const std::shared_ptr<Glb::Bytes>& Glb::memory(Side side, int chunk) {
  std::shared_ptr<Bytes>& bytes = bytes_[address(side, chunk) >> 32];
  if (bytes.use_count() > 1) {
    const std::uint64_t room = bytes->capacity();
    bytes = std::make_shared<Bytes>();
    bytes->reserve(room);
  }
  bytes->clear();
  return bytes;
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
  Bytes& bytes = *bytes_[half];
  if (payload.is_write() && offset + length > bytes.size()) bytes.resize(offset + length);
  if (offset + length > bytes.size()) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return 0;
  }
  std::uint8_t* to = bytes.data() + offset;
  std::uint8_t* from = payload.get_data_ptr();
  if (payload.is_read()) std::swap(to, from);
  if (to != from) std::memcpy(to, from, length);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return static_cast<unsigned>(length);
}

}  // namespace h2
