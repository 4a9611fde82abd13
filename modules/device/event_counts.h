// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "memory/bus/transfer.h"

namespace h2 {

/// Something an engine does that costs energy. Each accelerator has one list of them.
struct EventKind {
  const char* key;      ///< in files: "lut_reads"
  const char* unit;     ///< "1", or "B" of traffic
  const char* text;     ///< what one event is
  const char* formula;  ///< how a job counts it
};

/// Events every engine has, at the begin of its accelerator's list: traffic of its global buffer.
enum DeviceEvent : std::size_t { kGlbReadBytes, kGlbWriteBytes, kDeviceEvents };

/// What bytes of a global buffer belong to, as an index: a TensorKind, or sums that are not
/// finished.
constexpr std::size_t kPartialSums = static_cast<std::size_t>(TensorKind::count);
constexpr std::size_t kGlbTensors = kPartialSums + 1;
/// "spike", ..., "partial_sum".
inline const char* glb_tensor_name(std::size_t tensor) {
  return tensor == kPartialSums ? "partial_sum" : name_of(static_cast<TensorKind>(tensor));
}

/// How often each event of an accelerator's list happened, and what the bytes of its global buffer
/// belonged to. Bytes that were counted as events only belong to no tensor.
class EventCounts {
 public:
  static constexpr std::size_t kMost = 16;
  using ByTensor = std::array<std::uint64_t, kGlbTensors>;

  std::uint64_t& operator[](std::size_t kind) { return counts_[kind]; }
  std::uint64_t operator[](std::size_t kind) const { return counts_[kind]; }

  /// Counts bytes that the global buffer was read or written for, as events too.
  void read_glb(std::size_t tensor, std::uint64_t bytes) {
    counts_[kGlbReadBytes] += bytes;
    read_[tensor] += bytes;
  }
  void read_glb(TensorKind kind, std::uint64_t bytes) {
    read_glb(static_cast<std::size_t>(kind), bytes);
  }
  void write_glb(std::size_t tensor, std::uint64_t bytes) {
    counts_[kGlbWriteBytes] += bytes;
    written_[tensor] += bytes;
  }
  void write_glb(TensorKind kind, std::uint64_t bytes) {
    write_glb(static_cast<std::size_t>(kind), bytes);
  }
  const ByTensor& glb_read() const { return read_; }
  const ByTensor& glb_written() const { return written_; }
  /// Of a checkpoint: bytes by tensor that are among the events already.
  void set_glb(const ByTensor& read, const ByTensor& written) {
    read_ = read;
    written_ = written;
  }

  EventCounts& operator+=(const EventCounts& other) {
    combine(counts_, other.counts_, std::plus<>());
    combine(read_, other.read_, std::plus<>());
    combine(written_, other.written_, std::plus<>());
    return *this;
  }
  EventCounts operator-(const EventCounts& other) const {
    EventCounts gained = *this;
    combine(gained.counts_, other.counts_, std::minus<>());
    combine(gained.read_, other.read_, std::minus<>());
    combine(gained.written_, other.written_, std::minus<>());
    return gained;
  }
  EventCounts operator+(const EventCounts& other) const {
    EventCounts sum = *this;
    return sum += other;
  }
  bool operator==(const EventCounts& other) const {
    return counts_ == other.counts_ && read_ == other.read_ && written_ == other.written_;
  }

 private:
  template <class Counts, class Of>
  static void combine(Counts& to, const Counts& other, Of of) {
    std::transform(to.begin(), to.end(), other.begin(), to.begin(), of);
  }

  std::array<std::uint64_t, kMost> counts_{};
  ByTensor read_{}, written_{};
};

}  // namespace h2
