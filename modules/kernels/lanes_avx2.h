#pragma once

#include <immintrin.h>

#include <cstdint>

#include "modules/kernels/core.h"

// Sixteen float lanes in two AVX2 registers, FP16 conversion by F16C. Internal linkage.

namespace h2 {
namespace {

struct Lanes {
  __m256 lo, hi;

  static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes broadcast(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Lanes load(const float* p, int n) {
    return {_mm256_maskload_ps(p, first(n)), _mm256_maskload_ps(p + 8, first(n - 8))};
  }
  static Lanes load_half(const std::uint16_t* p) {
    const auto* q = reinterpret_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(q)), _mm256_cvtph_ps(_mm_loadu_si128(q + 1))};
  }
  void store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }
  void store(float* p, int n) const {
    _mm256_maskstore_ps(p, first(n), lo);
    _mm256_maskstore_ps(p + 8, first(n - 8), hi);
  }
  /// Lanes must hold FP16 values.
  void store_half(std::uint16_t* p) const {
    auto* q = reinterpret_cast<__m128i*>(p);
    _mm_storeu_si128(q, narrow(lo));
    _mm_storeu_si128(q + 1, narrow(hi));
  }

  /// To the nearest FP16, ties to even.
  Lanes rounded() const { return {_mm256_cvtph_ps(narrow(lo)), _mm256_cvtph_ps(narrow(hi))}; }

 private:
  static __m128i narrow(__m256 v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
  static __m256i first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};

inline Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}

inline Lanes operator*(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}

inline std::uint16_t sign_bits(__m256 lo, __m256 hi) {
  return static_cast<std::uint16_t>(_mm256_movemask_ps(lo) | (_mm256_movemask_ps(hi) << 8));
}

/// Bit i: a >= b in lane i (false for a NaN).
inline std::uint16_t at_least(Lanes a, Lanes b) {
  return sign_bits(_mm256_cmp_ps(a.lo, b.lo, _CMP_GE_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GE_OQ));
}

/// Bit i: a < b in lane i (false for a NaN).
inline std::uint16_t less(Lanes a, Lanes b) {
  return sign_bits(_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ));
}

inline __m256 keep8(std::uint16_t bits, int shift, __m256 v) {
  const __m256i lane =
      _mm256_sllv_epi32(_mm256_set1_epi32(1 << shift), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32(bits), lane);
  return _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(set, lane)), v);
}

/// Lane i where bit i is set, else +0.
inline Lanes keep(std::uint16_t bits, Lanes a) {
  return {keep8(bits, 0, a.lo), keep8(bits, 8, a.hi)};
}

}  // namespace
}  // namespace h2
