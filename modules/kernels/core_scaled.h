#pragma once

#include "modules/kernels/core_numerics.h"

// FP16 arithmetic without conversions, for processors that add and multiply floats with one
// rounding but not FP16 (ARITHMETIC.md, "How the kernels get the bits fast"). Needs a lanes file
// before it.

namespace h2 {
namespace {

/// FP16 values times 2^99. What overflows FP16 then overflows float in the sum that rounds it.
constexpr float kScale = 0x1p99F;

struct ScaledLanes {
  Lanes v;

  static ScaledLanes zero() { return {Lanes::zero()}; }
  static ScaledLanes broadcast(float value) { return {Lanes::broadcast(value * kScale)}; }
  static ScaledLanes load(const float* p) { return {Lanes::load(p) * Lanes::broadcast(kScale)}; }
  void store(float* p) const { (v * Lanes::broadcast(1.0F / kScale)).store(p); }
};

inline ScaledLanes keep(std::uint16_t bits, const ScaledLanes& a) { return {keep(bits, a.v)}; }

/// A value x of exponent e, 2^e <= |x| < 2^(e+1), plus m = 2^e * (2^14 - 2) lies where floats are
/// 2^(e-10) apart, the last place of FP16, and ties are even where those of x are: x + m - m is x
/// rounded. Rounding up to 2^(e+1) gives 2^(e+14): for scaled values from 65520 up, infinity.
struct ScaledFp16 {
  using L = ScaledLanes;
  using Entry = float;  // scaled
  using Factor = Lanes;

  /// Sums of FP16 values have no bits below the smallest subnormal: nothing else to round there.
  static L add(const L& a, const L& b) {
    const Lanes sum = a.v + b.v;
    // Sign and exponent without its bit 6, which all scaled sums have set: 2^e / 2^64; finite for
    // an infinity, so that it stays one.
    const Lanes power = masked(sum, 0xDF800000U);
    const Lanes m = Lanes::broadcast(16382.0F * 0x1p64F);
    return {fused_negated(power, m, fused(power, m, sum))};
  }

  static Factor factor(float value) { return Lanes::broadcast(value); }

  /// `fits`: no product reaches 65520. Products may be below the normal range of FP16, where the
  /// last place stays 2^-24.
  template <bool fits>
  static L product(const Factor& factor, const Entry* p) {
    const Lanes exact = factor * Lanes::load(p);
    if constexpr (!fits) {
      return {rounded(exact)};
    } else {
      const Lanes power = larger(masked(exact, 0x7F800000U), Lanes::broadcast(0x1p-14F * kScale));
      const Lanes m = Lanes::broadcast(16382.0F);
      return {fused_negated(power, m, fused(power, m, exact))};
    }
  }

  static L load_entry(const Entry* p) { return {Lanes::load(p)}; }
  static void store_entry(const L& a, Entry* p) { rounded(a.v).store(p); }

 private:
  /// Any float as scaled FP16.
  static Lanes rounded(const Lanes& a) {
    return (a * Lanes::broadcast(1.0F / kScale)).rounded() * Lanes::broadcast(kScale);
  }
};

}  // namespace
}  // namespace h2
