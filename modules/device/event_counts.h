// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

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

/// How often each event of an accelerator's list happened.
class EventCounts {
 public:
  static constexpr std::size_t kMost = 16;

  std::uint64_t& operator[](std::size_t kind) { return counts_[kind]; }
  std::uint64_t operator[](std::size_t kind) const { return counts_[kind]; }
  EventCounts& operator+=(const EventCounts& other) {
    std::transform(counts_.begin(), counts_.end(), other.counts_.begin(), counts_.begin(),
                   std::plus<>());
    return *this;
  }
  EventCounts operator-(const EventCounts& other) const {
    EventCounts gained;
    std::transform(counts_.begin(), counts_.end(), other.counts_.begin(), gained.counts_.begin(),
                   std::minus<>());
    return gained;
  }
  EventCounts operator+(const EventCounts& other) const {
    EventCounts sum = *this;
    return sum += other;
  }
  bool operator==(const EventCounts& other) const { return counts_ == other.counts_; }

 private:
  std::array<std::uint64_t, kMost> counts_{};
};

}  // namespace h2
