// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "modules/base/raw_vector.h"

namespace h2 {

/// What a transfer carries, for statistics and traces.
enum class TensorKind : std::uint8_t {
  control,  ///< descriptors, completions, network table
  input,
  spike,
  potential,
  mask,
  gradient,
  gradient_mask,
  weight,
  weight_gradient,
  master,  ///< FP32 master weights and optimiser state
  count
};
const char* name_of(TensorKind kind);

/// One contiguous memory access of a chunk.
struct Transfer {
  bool write = false;
  bool timing_only = false;  ///< the bytes are already held, or the run has no data
  bool repeated = false;     ///< read before by the same job
  bool halved = false;       ///< FP32 values charged as FP16
  TensorKind kind = TensorKind::control;
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;   ///< in memory
  std::uint64_t offset = 0;  ///< of the data in the buffer (not timing_only)

  std::uint64_t charged() const { return halved ? bytes / 2 : bytes; }
};

/// Takes the bytes of the units it asked for, also of those that have none.
class UnitSink {
 public:
  virtual ~UnitSink() = default;
  virtual void arrived(int unit, const std::uint8_t* bytes) = 0;
};

/// The transfers of one chunk in order, contiguous neighbours merged, and the buffer of their data,
/// behind what it held before.
class TransferList {
 public:
  using Buffer = RawVector<std::uint8_t>;

  TransferList() : TransferList(std::make_shared<Buffer>()) {}
  explicit TransferList(std::shared_ptr<Buffer> buffer)
      : buffer_(std::move(buffer)), begin_(buffer_->size()) {}

  void read(const Transfer& transfer, UnitSink* sink, int unit);
  /// Returns where to put `transfer.bytes` bytes; valid until the next call.
  std::uint8_t* write(const Transfer& transfer);
  /// Write of bytes that are not there: timing only.
  void write_timing(Transfer transfer);

  /// What is read from here on stays in the global buffer until chunk `chunk` of the job has been
  /// computed; kOwnChunk: the chunk it is read for.
  void hold_until(int chunk) { hold_ = chunk; }
  static constexpr int kOwnChunk = -1;
  struct Hold {
    int until = kOwnChunk;
    std::uint64_t bytes = 0;  ///< charged
  };
  /// The reads that outlive their chunk.
  const std::vector<Hold>& holds() const { return holds_; }

  const std::vector<Transfer>& transfers() const { return transfers_; }
  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }
  std::uint8_t* data(std::uint64_t offset) const { return buffer_->data() + offset; }
  /// Where the data begin in the buffer, and their length.
  std::uint64_t begin() const { return begin_; }
  std::uint64_t bytes() const { return buffer_->size() - begin_; }
  std::uint64_t charged() const;
  /// Of the reads that the job has done before, and of the accesses to Mem2.
  std::uint64_t repeated() const;
  std::uint64_t mem2() const;
  /// Hands every unit that came with data to its sink.
  void deliver() const;

 private:
  struct Piece {
    UnitSink* sink;
    int unit;
    std::uint64_t offset;
  };
  void append(Transfer transfer);

  std::vector<Transfer> transfers_;
  std::shared_ptr<Buffer> buffer_;
  std::uint64_t begin_;
  std::vector<Piece> pieces_;
  int hold_ = kOwnChunk;
  std::vector<Hold> holds_;
};

}  // namespace h2
