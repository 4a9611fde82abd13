// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace h2 {

/// Bytes of a memory, allocated by page when first written. Bytes never written read as poison (an
/// FP16 and FP32 NaN pattern), so a missing write shows.
class BackingStore {
 public:
  static constexpr std::uint64_t kPageBytes = 64 * 1024;
  static constexpr std::uint8_t kPoison = 0xFF;

  void read(std::uint64_t address, std::uint8_t* data, std::uint64_t bytes) const;
  void write(std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes);
  /// The page at `address`, allocated: for direct memory access.
  std::uint8_t* page(std::uint64_t address);

 private:
  using Page = std::array<std::uint8_t, kPageBytes>;
  std::vector<std::unique_ptr<Page>> pages_;  // up to the last one written
};

}  // namespace h2
