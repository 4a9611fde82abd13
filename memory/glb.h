// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <systemc>
#include <vector>

#include "modules/base/raw_vector.h"
#include "traces/record/trace.h"

namespace h2 {

/// Global buffer of one engine. Its capacity is divided between what a job loads and what it makes;
/// each side takes credits for the bytes it holds and gives them back, so that loads run ahead of
/// the array as far as there is room. A target of blocking and debug transport at zero time: its
/// access time is part of the work model. An access whose data already lie there copies nothing.
class Glb : public sc_core::sc_module {
 public:
  enum Side { operands, results };
  using Bytes = RawVector<std::uint8_t>;
  /// Chunks whose data lie in the buffer of one side at once, at most.
  static constexpr int kSlots = 1024;

  tlm_utils::simple_target_socket<Glb> socket{"socket"};

  Glb(sc_core::sc_module_name name, std::uint64_t capacity, Trace& trace);

  /// Address of the bytes of a slot.
  static std::uint64_t address(Side side, int slot) {
    return (static_cast<std::uint64_t>(side) * kSlots + slot) << 32;
  }
  /// A slot without a user, the lowest; -1 if there is none.
  int take_slot(Side side);
  void give_slot(Side side, int slot) { used_[side][slot] = false; }
  /// Memory of a slot, emptied, for the ports to load into and to store from. What was there stays
  /// with those that still refer to it: stores under way, transactions that were given up.
  const std::shared_ptr<Bytes>& memory(Side side, int slot);

  /// Begins a job: nothing is held; each side may take so many bytes, together the capacity at most
  /// (false otherwise).
  bool divide(std::uint64_t operand_bytes, std::uint64_t result_bytes);
  /// Takes credits if there are enough.
  bool take(Side side, std::uint64_t bytes);
  void give(Side side, std::uint64_t bytes);
  /// Notified when credits come back.
  const sc_core::sc_event& freed() const { return freed_; }
  std::uint64_t limit(Side side) const { return limit_[side]; }
  std::uint64_t held() const { return held_[operands] + held_[results]; }

  std::uint64_t capacity() const { return capacity_; }
  std::uint64_t high_water() const { return high_water_; }

 private:
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);

  const std::uint64_t capacity_;
  std::array<std::vector<bool>, 2> used_;
  std::array<std::vector<std::shared_ptr<Bytes>>, 2> bytes_;
  std::array<std::uint64_t, 2> limit_{}, held_{};
  std::uint64_t high_water_ = 0;
  sc_core::sc_event freed_;
  Trace& trace_;
  int fill_signal_;
};

}  // namespace h2
