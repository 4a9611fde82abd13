#pragma once

#include <cstdint>
#include <cstring>

#include "modules/kernels/core.h"

// Sixteen float lanes in portable C++. Internal linkage: included once per instruction set.

namespace h2 {
namespace {

struct Lanes {
  float v[kLanes];

  static Lanes zero() { return broadcast(0.0F); }
  static Lanes broadcast(float value) {
    Lanes r;
    for (float& lane : r.v) lane = value;
    return r;
  }
  static Lanes load(const float* p) {
    Lanes r;
    std::memcpy(r.v, p, sizeof r.v);
    return r;
  }
  static Lanes load(const float* p, int n) {
    Lanes r = zero();
    std::memcpy(r.v, p, n * sizeof(float));
    return r;
  }
  static Lanes load_half(const std::uint16_t* p) {
    Lanes r;
    for (int i = 0; i < kLanes; ++i) r.v[i] = widen(p[i]);
    return r;
  }
  void store(float* p) const { std::memcpy(p, v, sizeof v); }
  void store(float* p, int n) const { std::memcpy(p, v, n * sizeof(float)); }
  /// Lanes must hold FP16 values.
  void store_half(std::uint16_t* p) const {
    for (int i = 0; i < kLanes; ++i) p[i] = narrow(v[i]);
  }

  /// To the nearest FP16, ties to even.
  Lanes rounded() const {
    Lanes r;
    for (int i = 0; i < kLanes; ++i) r.v[i] = round_lane(v[i]);
    return r;
  }

 private:
  static float as_float(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  static std::uint32_t as_bits(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  static float widen(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7FFFU) << 13;
    const std::uint32_t finite = as_bits(as_float(magnitude) * 0x1p112F);
    const std::uint32_t special = magnitude | 0x7F800000U;
    return as_float(sign | (magnitude >= 0x0F800000U ? special : finite));
  }
  static std::uint16_t narrow(float value) {
    const std::uint32_t bits = as_bits(value);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    const std::uint32_t finite = as_bits(as_float(magnitude) * 0x1p-112F) >> 13;
    const std::uint32_t special = 0x7C00U | ((magnitude >> 13) & 0x3FFU);
    return static_cast<std::uint16_t>(((bits >> 16) & 0x8000U) |
                                      (magnitude >= 0x7F800000U ? special : finite));
  }
  static float round_lane(float value) {
    const std::uint32_t bits = as_bits(value);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    // Below 2^-14 the spacing is 2^-24, that of a float in [0.5, 1).
    const std::uint32_t small = as_bits((as_float(magnitude) + 0.5F) - 0.5F);
    const std::uint32_t normal = (magnitude + 0xFFFU + ((magnitude >> 13) & 1U)) & ~0x1FFFU;
    const std::uint32_t large = magnitude > 0x7F800000U ? magnitude | 0x400000U : 0x7F800000U;
    const std::uint32_t at_least_small = magnitude < 0x38800000U ? small : normal;
    const std::uint32_t result = normal >= 0x47800000U ? large : at_least_small;
    return as_float((bits & 0x80000000U) | result);
  }
};

Lanes operator+(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (int i = 0; i < kLanes; ++i) r.v[i] = a.v[i] + b.v[i];
  return r;
}

Lanes operator*(const Lanes& a, const Lanes& b) {
  Lanes r;
  for (int i = 0; i < kLanes; ++i) r.v[i] = a.v[i] * b.v[i];
  return r;
}

/// a*b + c, the product rounded first.
Lanes fused(const Lanes& a, const Lanes& b, const Lanes& c) { return a * b + c; }

/// Bit i: a >= b in lane i (false for a NaN).
std::uint16_t at_least(const Lanes& a, const Lanes& b) {
  std::uint32_t bits = 0;
  for (int i = 0; i < kLanes; ++i) bits |= static_cast<std::uint32_t>(a.v[i] >= b.v[i]) << i;
  return static_cast<std::uint16_t>(bits);
}

/// Bit i: a < b in lane i (false for a NaN).
std::uint16_t less(const Lanes& a, const Lanes& b) {
  std::uint32_t bits = 0;
  for (int i = 0; i < kLanes; ++i) bits |= static_cast<std::uint32_t>(a.v[i] < b.v[i]) << i;
  return static_cast<std::uint16_t>(bits);
}

/// Lane i where bit i is set, else +0.
Lanes keep(std::uint16_t bits, const Lanes& a) {
  Lanes r;
  for (int i = 0; i < kLanes; ++i) r.v[i] = ((bits >> i) & 1) != 0 ? a.v[i] : 0.0F;
  return r;
}

/// Writes first + i for every set bit i; may write kLanes entries too many. Returns the end.
std::uint32_t* append_ones(std::uint16_t bits, std::uint32_t first, std::uint32_t* out) {
  for (unsigned rest = bits; rest != 0; rest &= rest - 1) *out++ = first + __builtin_ctz(rest);
  return out;
}

/// The same with the lane's value.
Term* append_terms(std::uint16_t bits, std::uint32_t first, const Lanes& a, Term* out) {
  for (unsigned rest = bits; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    *out++ = {first + lane, a.v[lane]};
  }
  return out;
}

}  // namespace
}  // namespace h2
