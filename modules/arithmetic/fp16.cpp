// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/fp16.h"

#include <cstring>

namespace h2 {
namespace {

constexpr std::uint32_t kFloatInfinity = 0x7F800000U;
constexpr std::uint32_t kHalfInfinity = 0x7C00U;

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// `significand` without its low `shift` bits, rounded to nearest even.
std::uint32_t shift_rounded(std::uint32_t significand, int shift) {
  const std::uint32_t half = 1U << (shift - 1);
  const std::uint32_t odd = (significand >> shift) & 1U;
  return (significand + half - 1 + odd) >> shift;
}

}  // namespace

std::uint16_t to_fp16(float value) {
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > kFloatInfinity) {
    half = kHalfInfinity | 0x200U | ((magnitude >> 13) & 0x1FFU);  // quiet NaN, payload kept
  } else if (magnitude >= 0x47800000U) {                           // 2^16 and above
    half = kHalfInfinity;
  } else if (magnitude >= 0x38800000U) {  // 2^-14, the smallest normal FP16, and above
    half = shift_rounded(magnitude - (112U << 23), 13);
  } else if (magnitude >= 0x33000000U) {  // 2^-25: half of the smallest subnormal, and above
    const int shift = 126 - static_cast<int>(magnitude >> 23);
    half = shift_rounded((magnitude & 0x7FFFFFU) | 0x800000U, shift);
  }
  return static_cast<std::uint16_t>(sign | half);
}

float from_fp16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1FU;
  const std::uint32_t fraction = bits & 0x3FFU;
  if (exponent == 31) return float_of(sign | kFloatInfinity | (fraction << 13));
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return float_of(sign | bits_of(magnitude));
  }
  return float_of(sign | ((exponent + 112) << 23) | (fraction << 13));
}

}  // namespace h2
