// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "memory/bus/memory_port.h"
#include "memory/glb.h"
#include "modules/spinaps/machine/spin_stage.h"

namespace h2 {

/// All of the card's memory traffic: loads spikes, sample by sample, or weights, piece by piece,
/// into the two halves of the buffer as they become free; stores results as they come.
class SpinDma : public SpinStage {
 public:
  /// Writes to the buffer through its socket.
  using Fill = std::function<void(const std::uint8_t* bytes, std::size_t count)>;

  SpinDma(sc_core::sc_module_name name, SpinLink& link, MemoryPort& load, MemoryPort& store,
          Glb& buffer, Fill fill);
  void restart() override;
  /// A job begins.
  void begin();

  /// The next piece, once it is there: spikes of a sample, or rows of weights.
  std::vector<std::uint8_t> take();
  /// Biases and sigmoid table of a PROGRAM, which come before the first piece.
  const std::vector<std::uint8_t>& biases() const { return biases_; }
  const std::vector<std::uint8_t>& sigmoid() const { return sigmoid_; }
  /// The half of the piece taken last is free.
  void release();

  void store(const sa_result& result);
  const sc_core::sc_event& stored() const { return stored_; }
  /// Stores that are not through.
  bool storing() const { return !results_.empty(); }
  /// Transactions whose responses are to come.
  bool under_way() const { return load_batch_.left > 0 || store_batch_.left > 0; }
  std::uint64_t bytes() const { return bytes_; }
  /// Time with a transaction under way.
  const sc_core::sc_time& active() const { return active_spent_; }

 private:
  struct Piece {
    std::uint64_t address = 0, bytes = 0;
    TensorKind kind = TensorKind::input;
  };
  std::vector<Piece> pieces() const;
  void work() override;
  std::vector<std::uint8_t> load(const Piece& piece);
  void store_process();
  void transfers(int change);
  void edge();

  MemoryPort& load_port_;
  MemoryPort& store_port_;
  Glb& buffer_;
  const Fill fill_;
  MemoryPort::Batch load_batch_, store_batch_;
  std::deque<std::vector<std::uint8_t>> loaded_;
  std::vector<std::uint8_t> biases_, sigmoid_;
  std::uint64_t taken_bytes_ = 0;
  int halves_ = 0;  // occupied
  std::deque<sa_result> results_;
  std::uint64_t result_number_ = 0, bytes_ = 0;
  sc_core::sc_event arrived_, freed_, leaving_, stored_;
  sc_core::sc_process_handle store_process_;
  int active_ = 0;
  sc_core::sc_time active_since_, active_spent_;
};

}  // namespace h2
