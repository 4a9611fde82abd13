// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// Compute time of one chunk in core cycles and its cause.
struct Cycles {
  std::uint64_t array = 0;  ///< PE array
  std::uint64_t fill = 0;   ///< exposed LUT or pipeline fill
  std::uint64_t drain = 0;  ///< Soma or Grad slower than the array

  std::uint64_t total() const { return array + fill + drain; }
  Cycles& operator+=(const Cycles& other) {
    array += other.array;
    fill += other.fill;
    drain += other.drain;
    return *this;
  }
};

/// What is left of `own` cycles of a stage that works while the array does.
inline std::uint64_t exposed_cycles(std::uint64_t own, std::uint64_t array) {
  return own > array ? own - array : 0;
}

}  // namespace h2
