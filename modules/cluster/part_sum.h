// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace h2 {

/// Gradients of the parts of a batch group, each `values` stored values (FP16, or FP32 in numerics
/// fp32) in the same order.
using GradientParts = std::vector<const std::uint8_t*>;

/// Adds the parts as ARITHMETIC.md, section 8a, defines it: in FP32, pairwise by level in the order
/// of the parts, an odd last one passing on; then rounded once to the stored format. `value_bytes`:
/// 2 or 4. Writes `values` stored values to `sum`, which may be one of the parts. Returns the index
/// of the first value that became infinite or NaN, `values` if there is none.
std::size_t add_parts(const GradientParts& parts, std::size_t values, std::size_t value_bytes,
                      std::uint8_t* sum);

}  // namespace h2
