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

/// a*b + c, rounded once.
inline Lanes fused(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}

/// c - a*b, rounded once.
inline Lanes fused_negated(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}

/// The bits of the mask in every lane, the others 0.
inline Lanes masked(const Lanes& a, std::uint32_t mask) {
  const __m256 bits = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(mask)));
  return {_mm256_and_ps(a.lo, bits), _mm256_and_ps(a.hi, bits)};
}

/// The larger one; neither is a NaN.
inline Lanes larger(const Lanes& a, const Lanes& b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}

/// Per byte: a lane mask for each bit, and the positions of its ones.
struct ByteTables {
  alignas(32) std::uint32_t mask[256][8];
  alignas(32) std::uint32_t ones[256][8];
  constexpr ByteTables() : mask(), ones() {
    for (int byte = 0; byte < 256; ++byte) {
      int found = 0;
      for (int i = 0; i < 8; ++i) {
        const bool set = ((byte >> i) & 1) != 0;
        mask[byte][i] = set ? ~0U : 0U;
        if (set) ones[byte][found++] = i;
      }
    }
  }
};
constexpr ByteTables kByteTables;

inline __m256i ones_of(unsigned byte) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(kByteTables.ones[byte]));
}

inline __m256 keep8(unsigned byte, __m256 v) {
  return _mm256_and_ps(_mm256_load_ps(reinterpret_cast<const float*>(kByteTables.mask[byte])), v);
}

/// Lane i where bit i is set, else +0.
inline Lanes keep(std::uint16_t bits, Lanes a) {
  return {keep8(bits & 0xFFU, a.lo), keep8(bits >> 8, a.hi)};
}

inline std::uint32_t* append_ones8(unsigned byte, std::uint32_t first, std::uint32_t* out) {
  const __m256i at = _mm256_add_epi32(ones_of(byte), _mm256_set1_epi32(static_cast<int>(first)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), at);
  return out + __builtin_popcount(byte);
}

/// Writes first + i for every set bit i; may write kLanes entries too many. Returns the end.
inline std::uint32_t* append_ones(std::uint16_t bits, std::uint32_t first, std::uint32_t* out) {
  return append_ones8(bits >> 8, first + 8, append_ones8(bits & 0xFFU, first, out));
}

inline Term* append_terms8(unsigned byte, std::uint32_t first, __m256 v, Term* out) {
  const __m256i lane = ones_of(byte);
  const __m256i row = _mm256_add_epi32(lane, _mm256_set1_epi32(static_cast<int>(first)));
  const __m256i value = _mm256_castps_si256(_mm256_permutevar8x32_ps(v, lane));
  const __m256i even = _mm256_unpacklo_epi32(row, value);  // terms 0 1 4 5
  const __m256i odd = _mm256_unpackhi_epi32(row, value);   // terms 2 3 6 7
  auto* to = reinterpret_cast<__m256i*>(out);
  _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
  return out + __builtin_popcount(byte);
}

/// The same with the lane's value.
inline Term* append_terms(std::uint16_t bits, std::uint32_t first, const Lanes& a, Term* out) {
  out = append_terms8(bits & 0xFFU, first, a.lo, out);
  return append_terms8(bits >> 8, first + 8, a.hi, out);
}

}  // namespace
}  // namespace h2
