// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modules/cluster/part_sum.h"

namespace h2 {

/// What becomes of the values that cards bring to a meeting.
struct Combination {
  enum class Kind {
    none,       ///< no values: the cards wait for each other
    add_parts,  ///< gradients of parts, add_parts()
    average     ///< FP32 weights, average()
  };
  Kind kind = Kind::none;
  std::size_t values = 0;       ///< of each part
  std::size_t value_bytes = 0;  ///< of one
  std::size_t bytes() const { return values * value_bytes; }
};

/// Mean of FP32 values, weighted by the samples of each part: a sum in double in the order of the
/// parts, over the sum of the samples, rounded once to FP32. Writes `values` floats to `mean`.
void average(const GradientParts& parts, const std::vector<double>& samples, std::size_t values,
             std::uint8_t* mean);

/// Combines values [first, first + count) of whole parts, of which `parts` point to the first of
/// them. Writes them to `result`. Returns the index of the first that became infinite or NaN, or
/// `count`.
std::size_t combine(const Combination& how, const GradientParts& parts,
                    const std::vector<double>& samples, std::size_t count, std::uint8_t* result);

}  // namespace h2
