// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// IEEE 754 binary16 of `value`: round to nearest even, subnormals kept, overflow to infinity.
std::uint16_t to_fp16(float value);
/// Exact.
float from_fp16(std::uint16_t bits);
/// `value` rounded to the nearest FP16.
inline float round_fp16(float value) { return from_fp16(to_fp16(value)); }

}  // namespace h2
