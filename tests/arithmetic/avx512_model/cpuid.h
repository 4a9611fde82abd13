// SPDX-License-Identifier: Apache-2.0
#pragma once

// What isa.cpp asks the processor, answered as by one with AVX512-FP16.

#include <string_view>

inline constexpr bool is_modelled(std::string_view feature) {
  return feature.substr(0, 6) == "avx512";
}

// The name inside the macro is the compiler's.
#define __builtin_cpu_supports(feature) (is_modelled(feature) || __builtin_cpu_supports(feature))

/// Leaf 7: AVX512_FP16 in bit 23 of edx.
inline int __get_cpuid_count(unsigned, unsigned, unsigned*, unsigned*, unsigned*, unsigned* edx) {
  *edx = 1U << 23;
  return 1;
}
