#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <systemc>

#include "modules/base/raw_vector.h"
#include "traces/record/trace.h"

namespace h2 {

/// Global buffer of one engine: two halves for operands and two for results, used in ping-pong, so
/// that a chunk loads while another computes and a third is stored. A target of blocking and debug
/// transport at zero time: its access time is part of the work model. An access whose data already
/// lie in the half copies nothing.
class Glb : public sc_core::sc_module {
 public:
  enum Side { operands, results };
  using Bytes = RawVector<std::uint8_t>;

  tlm_utils::simple_target_socket<Glb> socket{"socket"};

  Glb(sc_core::sc_module_name name, std::uint64_t capacity, Trace& trace);

  /// Address of the bytes of a half.
  static std::uint64_t address(Side side, int chunk) {
    return (static_cast<std::uint64_t>(side) * 2 + chunk % 2) << 32;
  }
  /// Memory of a half, emptied, for the ports to load into and to store from. What was there stays
  /// with those that still refer to it: stores under way, transactions that were given up.
  const std::shared_ptr<Bytes>& memory(Side side, int chunk);
  /// Waits for a free half; call from a thread process.
  void acquire(Side side) { halves_[side].wait(); }
  void release(Side side) { halves_[side].post(); }
  /// Bytes the hardware would hold more or less of from now on.
  void hold(std::uint64_t bytes);
  void drop(std::uint64_t bytes);

  std::uint64_t capacity() const { return capacity_; }
  std::uint64_t high_water() const { return high_water_; }

 private:
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload& payload);

  const std::uint64_t capacity_;
  std::array<sc_core::sc_semaphore, 2> halves_;
  std::array<std::shared_ptr<Bytes>, 4> bytes_;
  std::uint64_t held_ = 0, high_water_ = 0;
  Trace& trace_;
  int fill_signal_;
};

}  // namespace h2
