// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace h2 {

/// Distinguishes polling from reading on: keeps the value that the last read of an address found,
/// for some of the addresses read last.
class RepeatedReads {
 public:
  /// True if the same read found the same bytes before. Reads longer than kLongest never do.
  bool repeats(std::uint64_t address, const void* data, std::size_t bytes) {
    if (bytes > kLongest) return false;
    Seen& seen = seen_[address / sizeof(std::uint32_t) % seen_.size()];
    const bool same = seen.bytes == bytes && seen.address == address &&
                      std::memcmp(seen.data.data(), data, bytes) == 0;
    seen.address = address;
    seen.bytes = bytes;
    std::memcpy(seen.data.data(), data, bytes);
    return same;
  }

 private:
  static constexpr std::size_t kLongest = 64;
  struct Seen {
    std::uint64_t address = 0;
    std::size_t bytes = 0;
    std::array<std::uint8_t, kLongest> data{};
  };
  std::array<Seen, 64> seen_;
};

}  // namespace h2
