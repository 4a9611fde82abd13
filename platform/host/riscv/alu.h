// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Arithmetic of RV32IM on register values.

namespace h2 {

constexpr std::int32_t as_signed(std::uint32_t value) { return static_cast<std::int32_t>(value); }

constexpr std::uint32_t shift_right_signed(std::uint32_t value, std::uint32_t bits) {
  return static_cast<std::uint32_t>(as_signed(value) >> bits);
}

/// Upper half of the signed product.
constexpr std::uint32_t multiply_high(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(std::int64_t{as_signed(a)} * as_signed(b) >> 32);
}

constexpr std::uint32_t multiply_high_signed_unsigned(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(std::int64_t{as_signed(a)} * std::int64_t{b} >> 32);
}

/// Division never traps: by zero all bits are set, the only overflow gives the dividend.
constexpr std::uint32_t divide(std::uint32_t a, std::uint32_t b) {
  if (b == 0) return ~0U;
  if (b == ~0U) return 0U - a;
  return static_cast<std::uint32_t>(as_signed(a) / as_signed(b));
}

constexpr std::uint32_t remainder(std::uint32_t a, std::uint32_t b) {
  if (b == 0) return a;
  if (b == ~0U) return 0;
  return static_cast<std::uint32_t>(as_signed(a) % as_signed(b));
}

}  // namespace h2
