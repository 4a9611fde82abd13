// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// Results that left the range of the numbers (ARITHMETIC.md, section 10).
struct RangeCount {
  std::uint64_t underflows = 0, overflows = 0;
  /// Timestep, counted from 1, at which the first overflow happened: the earliest of Soma, the
  /// latest of Grad, which goes backwards, that of the largest grad-u for a sum over all
  /// timesteps. 0: none.
  int overflow_step = 0;

  /// Adds what was counted later.
  RangeCount& operator+=(const RangeCount& later) {
    underflows += later.underflows;
    overflows += later.overflows;
    if (overflow_step == 0) overflow_step = later.overflow_step;
    return *this;
  }
};

}  // namespace h2
