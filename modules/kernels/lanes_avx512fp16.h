#pragma once

#include "modules/kernels/lanes_avx512.h"

// Sixteen FP16 lanes that the processor adds and multiplies itself, each operation rounded to
// nearest even, subnormals kept. Internal linkage.

namespace h2 {
namespace {

struct HalfLanes {
  __m256h v;

  static HalfLanes zero() { return {_mm256_setzero_ph()}; }
  static HalfLanes broadcast(float value) {
    const __m128i half = _mm_cvtps_ph(_mm_set_ss(value), _MM_FROUND_TO_NEAREST_INT);
    return {_mm256_castsi256_ph(_mm256_broadcastw_epi16(half))};
  }
  static HalfLanes load(const float* p) { return {_mm512_cvtxps_ph(_mm512_loadu_ps(p))}; }
  void store(float* p) const { _mm512_storeu_ps(p, _mm512_cvtxph_ps(v)); }
};

/// Lane i where bit i is set, else +0.
inline HalfLanes keep(std::uint16_t bits, const HalfLanes& a) {
  return {_mm256_castsi256_ph(_mm256_maskz_mov_epi16(bits, _mm256_castph_si256(a.v)))};
}

struct NativeFp16 {
  using L = HalfLanes;
  using Entry = std::uint16_t;
  static L add(const L& a, const L& b) { return {_mm256_add_ph(a.v, b.v)}; }
  static L multiply(const L& a, const L& b) { return {_mm256_mul_ph(a.v, b.v)}; }
  static L factor(float value) { return L::broadcast(value); }
  template <bool fits>
  static L product(const L& factor, const Entry* p) {
    return multiply(factor, load_entry(p));
  }
  static L load_entry(const Entry* p) { return {_mm256_loadu_ph(p)}; }
  static void store_entry(const L& a, Entry* p) { _mm256_storeu_ph(p, a.v); }
};

}  // namespace
}  // namespace h2
