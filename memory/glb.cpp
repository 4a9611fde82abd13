// SPDX-License-Identifier: Apache-2.0
#include "memory/glb.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace h2 {

Glb::Glb(sc_core::sc_module_name name, std::uint64_t capacity, Trace& trace)
    : sc_module(name),
      capacity_(capacity),
      trace_(trace),
      fill_signal_(trace.add_level(this->name(), "fill_bytes", 32, TraceLevel::tiles)) {
  socket.register_b_transport(this, &Glb::blocking);
  socket.register_transport_dbg(this, &Glb::debug);
}

int Glb::take_slot(Side side) {
  std::vector<bool>& used = used_[side];
  const auto free = std::find(used.begin(), used.end(), false);
  const auto slot = static_cast<int>(free - used.begin());
  if (slot == kSlots) return -1;
  if (free == used.end()) used.push_back(false);
  used[slot] = true;
  return slot;
}

const std::shared_ptr<Glb::Bytes>& Glb::memory(Side side, int slot) {
  auto& all = bytes_[side];
  if (all.size() <= static_cast<std::size_t>(slot)) all.resize(slot + 1);
  std::shared_ptr<Bytes>& bytes = all[slot];
  if (bytes == nullptr || bytes.use_count() > 1) {
    const std::uint64_t room = bytes == nullptr ? 0 : bytes->capacity();
    bytes = std::make_shared<Bytes>();
    bytes->reserve(room);
  }
  bytes->clear();
  return bytes;
}

bool Glb::divide(std::uint64_t operand_bytes, std::uint64_t result_bytes) {
  limit_ = {operand_bytes, result_bytes};
  held_ = {0, 0};
  trace_.change(fill_signal_, std::uint64_t{0});
  return operand_bytes + result_bytes <= capacity_;
}

bool Glb::take(Side side, std::uint64_t bytes) {
  if (held_[side] + bytes > limit_[side]) return false;
  held_[side] += bytes;
  high_water_ = std::max(high_water_, held());
  trace_.change(fill_signal_, held());
  return true;
}

void Glb::give(Side side, std::uint64_t bytes) {
  if (bytes == 0) return;
  held_[side] -= std::min(bytes, held_[side]);
  trace_.change(fill_signal_, held());
  freed_.notify();
}

void Glb::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time&) { debug(payload); }

unsigned Glb::debug(tlm::tlm_generic_payload& payload) {
  const std::uint64_t index = payload.get_address() >> 32;
  const std::uint64_t offset = payload.get_address() & 0xFFFFFFFF;
  const std::uint64_t length = payload.get_data_length();
  if (index >= 2 * kSlots) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return 0;
  }
  auto& side = bytes_[index / kSlots];
  const std::uint64_t slot = index % kSlots;
  if (side.size() <= slot || side[slot] == nullptr) {
    memory(static_cast<Side>(index / kSlots), static_cast<int>(slot));
  }
  Bytes& bytes = *side[slot];
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
