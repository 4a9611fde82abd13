// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

namespace h2 {

/// Where a debugger wants the processor to stop.
struct DebugPoints {
  struct Watch {
    std::uint32_t address, bytes;
    bool on_read, on_write;
  };
  std::unordered_set<std::uint32_t> breakpoints;  ///< stops in front of these instructions
  std::vector<Watch> watches;                     ///< stops behind the access

  bool any() const { return !breakpoints.empty() || !watches.empty(); }
  /// The first watchpoint that an access touches; null for none.
  const Watch* touched(std::uint32_t address, std::uint32_t bytes, bool write) const {
    const std::uint64_t begin = address, end = begin + bytes;
    for (const Watch& w : watches) {
      if ((write ? w.on_write : w.on_read) && end > w.address &&
          begin < std::uint64_t{w.address} + w.bytes) {
        return &w;
      }
    }
    return nullptr;
  }
};

}  // namespace h2
