#pragma once

#include <immintrin.h>

#include <cstdint>

#include "modules/kernels/core.h"

// Sixteen float lanes in one AVX-512 register (F, BW, VL, DQ), bits of a word as its mask. Internal
// linkage.

namespace h2 {
namespace {

struct Lanes {
  __m512 v;

  static Lanes zero() { return {_mm512_setzero_ps()}; }
  static Lanes broadcast(float value) { return {_mm512_set1_ps(value)}; }
  static Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Lanes load(const float* p, int n) { return {_mm512_maskz_loadu_ps(first(n), p)}; }
  static Lanes load_half(const std::uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store(float* p, int n) const { _mm512_mask_storeu_ps(p, first(n), v); }
  /// Lanes must hold FP16 values.
  void store_half(std::uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow());
  }

  /// To the nearest FP16, ties to even.
  Lanes rounded() const { return {_mm512_cvtph_ps(narrow())}; }

 private:
  __m256i narrow() const { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
  static __mmask16 first(int n) { return static_cast<__mmask16>((1U << n) - 1); }
};

inline Lanes operator+(const Lanes& a, const Lanes& b) { return {_mm512_add_ps(a.v, b.v)}; }

inline Lanes operator*(const Lanes& a, const Lanes& b) { return {_mm512_mul_ps(a.v, b.v)}; }

/// a*b + c, rounded once.
inline Lanes fused(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}

/// c - a*b, rounded once.
inline Lanes fused_negated(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}

/// The bits of the mask in every lane, the others 0.
inline Lanes masked(const Lanes& a, std::uint32_t mask) {
  return {_mm512_and_ps(a.v, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(mask))))};
}

/// The larger one; neither is a NaN.
inline Lanes larger(const Lanes& a, const Lanes& b) { return {_mm512_max_ps(a.v, b.v)}; }

/// Bit i: a >= b in lane i (false for a NaN).
inline std::uint16_t at_least(const Lanes& a, const Lanes& b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ);
}

/// Bit i: a < b in lane i (false for a NaN).
inline std::uint16_t less(const Lanes& a, const Lanes& b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ);
}

/// Lane i where bit i is set, else +0.
inline Lanes keep(std::uint16_t bits, const Lanes& a) { return {_mm512_maskz_mov_ps(bits, a.v)}; }

inline __m512i numbered_from(std::uint32_t first) {
  return _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first)),
                          _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/// Writes first + i for every set bit i; may write kLanes entries too many. Returns the end.
inline std::uint32_t* append_ones(std::uint16_t bits, std::uint32_t first, std::uint32_t* out) {
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(bits, numbered_from(first)));
  return out + __builtin_popcount(bits);
}

/// The same with the lane's value.
inline Term* append_terms(std::uint16_t bits, std::uint32_t first, const Lanes& a, Term* out) {
  const __m512i row = _mm512_maskz_compress_epi32(bits, numbered_from(first));
  const __m512i value = _mm512_maskz_compress_epi32(bits, _mm512_castps_si512(a.v));
  // Lane numbers of `value` start at 16.
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
  auto* to = reinterpret_cast<char*>(out);
  _mm512_storeu_si512(to, _mm512_permutex2var_epi32(row, low, value));
  _mm512_storeu_si512(to + 64, _mm512_permutex2var_epi32(row, high, value));
  return out + __builtin_popcount(bits);
}

}  // namespace
}  // namespace h2
