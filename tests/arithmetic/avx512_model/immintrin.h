// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

// The instructions that the AVX-512 variants of the kernels are written with, one by one, in plain
// C++ by their "Operation" in Intel's Software Developer's Manual, rounding to nearest even. With
// this file in place of the compiler's the variants run on any processor whose compiler has
// _Float16; test_arithmetic_avx512 holds their bits against the reference.

template <class Value, int n>
using Register = std::array<Value, n>;

using __m128 = Register<float, 4>;
using __m128i = Register<std::uint16_t, 8>;
using __m256h = Register<_Float16, 16>;
using __m256 = Register<float, 8>;
using __m256i = Register<std::uint16_t, 16>;
using __m512h = Register<_Float16, 32>;
using __m512 = Register<float, 16>;
using __m512i = Register<std::uint32_t, 16>;
using __mmask16 = std::uint16_t;

enum { _MM_FROUND_TO_NEAREST_INT = 0, _CMP_LT_OQ = 17, _CMP_GE_OQ = 29 };

namespace avx512_model {

/// The same bits as another register.
template <class To, class From>
To cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <class To>
To load(const void* p) {
  To to;
  std::memcpy(&to, p, sizeof to);
  return to;
}

/// Every lane: function of that lane of the operands.
template <class To, class Function, class... From>
To lanes(Function function, const From&... from) {
  To to;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = function(from[i]...);
  return to;
}

template <class Value, std::size_t n>
std::array<Value, n> filled(Value value) {
  std::array<Value, n> all;
  all.fill(value);
  return all;
}

/// Lanes whose bit is clear are zero.
template <class Value, std::size_t n>
std::array<Value, n> zero_masked(__mmask16 mask, std::array<Value, n> a) {
  for (std::size_t i = 0; i < n; ++i) {
    if ((mask >> i & 1) == 0) a[i] = Value(0);
  }
  return a;
}

inline _Float16 to_half(float value) { return static_cast<_Float16>(value); }
inline float to_float(_Float16 value) { return static_cast<float>(value); }

}  // namespace avx512_model

// SSE, SSSE3, AVX2, F16C

inline __m128 _mm_set_ss(float value) { return {value, 0, 0, 0}; }

inline __m128i _mm_loadu_si128(const __m128i* p) { return avx512_model::load<__m128i>(p); }

inline void _mm_storeu_si128(__m128i* p, const __m128i& a) { std::memcpy(p, &a, sizeof a); }

inline __m128i _mm_shuffle_epi8(const __m128i& a, const __m128i& order) {
  const auto in = avx512_model::cast<Register<std::uint8_t, 16>>(a);
  const auto from = avx512_model::cast<Register<std::uint8_t, 16>>(order);
  Register<std::uint8_t, 16> out;
  for (std::size_t i = 0; i < 16; ++i) out[i] = (from[i] & 0x80) != 0 ? 0 : in[from[i] & 15];
  return avx512_model::cast<__m128i>(out);
}

inline __m128i _mm_cvtps_ph(const __m128& a, int /*rounding*/) {
  Register<_Float16, 8> out = {};
  for (std::size_t i = 0; i < 4; ++i) out[i] = avx512_model::to_half(a[i]);
  return avx512_model::cast<__m128i>(out);
}

inline __m256i _mm256_loadu_si256(const __m256i* p) { return avx512_model::load<__m256i>(p); }

inline void _mm256_storeu_si256(__m256i* p, const __m256i& a) { std::memcpy(p, &a, sizeof a); }

inline __m256i _mm256_broadcastw_epi16(const __m128i& a) {
  return avx512_model::filled<std::uint16_t, 16>(a[0]);
}

inline __m256 _mm256_set1_ps(float value) { return avx512_model::filled<float, 8>(value); }

// AVX512F, AVX512BW, AVX512VL, AVX512DQ

inline __m512i _mm512_setzero_si512() { return {}; }

inline __m512 _mm512_setzero_ps() { return {}; }

inline __m512 _mm512_set1_ps(float value) { return avx512_model::filled<float, 16>(value); }

inline __m512i _mm512_set1_epi32(int value) {
  return avx512_model::filled<std::uint32_t, 16>(static_cast<std::uint32_t>(value));
}

template <class... Value>
__m512i _mm512_setr_epi32(Value... values) {
  return {static_cast<std::uint32_t>(values)...};
}

inline __m512 _mm512_castsi512_ps(const __m512i& a) { return avx512_model::cast<__m512>(a); }
inline __m512i _mm512_castps_si512(const __m512& a) { return avx512_model::cast<__m512i>(a); }

inline __m512 _mm512_loadu_ps(const void* p) { return avx512_model::load<__m512>(p); }

/// Does not touch memory of lanes whose bit is clear.
inline __m512 _mm512_maskz_loadu_ps(__mmask16 mask, const void* p) {
  __m512 out = {};
  const auto* from = static_cast<const char*>(p);
  for (std::size_t i = 0; i < 16; ++i) {
    if ((mask >> i & 1) != 0) std::memcpy(&out[i], from + 4 * i, 4);
  }
  return out;
}

inline __m512i _mm512_loadu_si512(const void* p) { return avx512_model::load<__m512i>(p); }

inline void _mm512_storeu_ps(void* p, const __m512& a) { std::memcpy(p, &a, sizeof a); }
inline void _mm512_storeu_si512(void* p, const __m512i& a) { std::memcpy(p, &a, sizeof a); }

inline void _mm512_mask_storeu_ps(void* p, __mmask16 mask, const __m512& a) {
  auto* to = static_cast<char*>(p);
  for (std::size_t i = 0; i < 16; ++i) {
    if ((mask >> i & 1) != 0) std::memcpy(to + 4 * i, &a[i], 4);
  }
}

inline __m512 _mm512_cvtph_ps(const __m256i& a) {
  return avx512_model::lanes<__m512>(avx512_model::to_float, avx512_model::cast<__m256h>(a));
}

inline __m256i _mm512_cvtps_ph(const __m512& a, int /*rounding*/) {
  return avx512_model::cast<__m256i>(avx512_model::lanes<__m256h>(avx512_model::to_half, a));
}

inline __m512 _mm512_add_ps(const __m512& a, const __m512& b) {
  return avx512_model::lanes<__m512>([](float x, float y) { return x + y; }, a, b);
}

inline __m512 _mm512_mul_ps(const __m512& a, const __m512& b) {
  return avx512_model::lanes<__m512>([](float x, float y) { return x * y; }, a, b);
}

inline __m512 _mm512_fmadd_ps(const __m512& a, const __m512& b, const __m512& c) {
  return avx512_model::lanes<__m512>([](float x, float y, float z) { return std::fma(x, y, z); }, a,
                                     b, c);
}

inline __m512 _mm512_fnmadd_ps(const __m512& a, const __m512& b, const __m512& c) {
  return avx512_model::lanes<__m512>([](float x, float y, float z) { return std::fma(-x, y, z); },
                                     a, b, c);
}

inline __m512 _mm512_and_ps(const __m512& a, const __m512& b) {
  const auto both = [](std::uint32_t x, std::uint32_t y) { return x & y; };
  return _mm512_castsi512_ps(
      avx512_model::lanes<__m512i>(both, _mm512_castps_si512(a), _mm512_castps_si512(b)));
}

/// The second one unless the first is larger: also for NaN and for two zeros.
inline __m512 _mm512_max_ps(const __m512& a, const __m512& b) {
  return avx512_model::lanes<__m512>([](float x, float y) { return x > y ? x : y; }, a, b);
}

inline __mmask16 _mm512_cmp_ps_mask(const __m512& a, const __m512& b, int predicate) {
  __mmask16 mask = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    const bool holds = predicate == _CMP_LT_OQ ? a[i] < b[i] : a[i] >= b[i];
    mask = static_cast<__mmask16>(mask | (holds ? 1U << i : 0U));
  }
  return mask;
}

inline __m512i _mm512_maskz_mov_epi16(std::uint32_t mask, const __m512i& a) {
  auto halves = avx512_model::cast<Register<std::uint16_t, 32>>(a);
  for (std::size_t i = 0; i < 32; ++i) halves[i] = (mask >> i & 1) != 0 ? halves[i] : 0;
  return avx512_model::cast<__m512i>(halves);
}

inline __m512 _mm512_maskz_mov_ps(__mmask16 mask, const __m512& a) {
  return avx512_model::zero_masked(mask, a);
}

inline __m512i _mm512_add_epi32(const __m512i& a, const __m512i& b) {
  return avx512_model::lanes<__m512i>([](std::uint32_t x, std::uint32_t y) { return x + y; }, a, b);
}

inline __m512i _mm512_slli_epi32(const __m512i& a, unsigned count) {
  return avx512_model::lanes<__m512i>([count](std::uint32_t x) { return x << count; }, a);
}

inline __m512i _mm512_cvtepu16_epi32(const __m256i& a) {
  return avx512_model::lanes<__m512i>([](std::uint16_t x) { return std::uint32_t{x}; }, a);
}

inline float _mm512_cvtss_f32(const __m512& a) { return a[0]; }

inline __m512i _mm512_maskz_mov_epi32(__mmask16 mask, const __m512i& a) {
  return avx512_model::zero_masked(mask, a);
}

inline __m512i _mm512_mask_mov_epi32(const __m512i& other, __mmask16 mask, const __m512i& a) {
  __m512i out = other;
  for (std::size_t i = 0; i < 16; ++i) {
    if ((mask >> i & 1) != 0) out[i] = a[i];
  }
  return out;
}

inline __mmask16 _mm512_cmpneq_epu32_mask(const __m512i& a, const __m512i& b) {
  __mmask16 mask = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    mask = static_cast<__mmask16>(mask | (a[i] != b[i] ? 1U << i : 0U));
  }
  return mask;
}

inline __m512i _mm512_maskz_compress_epi32(__mmask16 mask, const __m512i& a) {
  __m512i out = {};
  std::size_t n = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if ((mask >> i & 1) != 0) out[n++] = a[i];
  }
  return out;
}

inline __m512i _mm512_permutex2var_epi32(const __m512i& a, const __m512i& from, const __m512i& b) {
  return avx512_model::lanes<__m512i>(
      [&](std::uint32_t i) { return (i & 16) != 0 ? b[i & 15] : a[i & 15]; }, from);
}

// AVX512-FP16

inline __m256h _mm256_setzero_ph() { return {}; }

inline __m256h _mm256_loadu_ph(const void* p) { return avx512_model::load<__m256h>(p); }
inline void _mm256_storeu_ph(void* p, const __m256h& a) { std::memcpy(p, &a, sizeof a); }

inline __m256h _mm256_castsi256_ph(const __m256i& a) { return avx512_model::cast<__m256h>(a); }
inline __m256i _mm256_castph_si256(const __m256h& a) { return avx512_model::cast<__m256i>(a); }

inline __m256i _mm256_maskz_mov_epi16(__mmask16 mask, const __m256i& a) {
  return avx512_model::zero_masked(mask, a);
}

inline __m512 _mm512_cvtxph_ps(const __m256h& a) {
  return avx512_model::lanes<__m512>(avx512_model::to_float, a);
}

inline __m256h _mm512_cvtxps_ph(const __m512& a) {
  return avx512_model::lanes<__m256h>(avx512_model::to_half, a);
}

inline __m512h _mm512_castsi512_ph(const __m512i& a) { return avx512_model::cast<__m512h>(a); }
inline __m512h _mm512_castps_ph(const __m512& a) { return avx512_model::cast<__m512h>(a); }
inline __m256h _mm256_castps_ph(const __m256& a) { return avx512_model::cast<__m256h>(a); }
inline __m512h _mm512_loadu_ph(const void* p) { return avx512_model::load<__m512h>(p); }
inline void _mm512_storeu_ph(void* p, const __m512h& a) { std::memcpy(p, &a, sizeof a); }

namespace avx512_model {

/// Rounded once: the sum of two FP16 values as a double is exact.
inline _Float16 half_sum(_Float16 x, _Float16 y) {
  return static_cast<_Float16>(static_cast<double>(x) + static_cast<double>(y));
}

/// Rounded once: so is their product.
inline _Float16 half_product(_Float16 x, _Float16 y) {
  return static_cast<_Float16>(static_cast<double>(x) * static_cast<double>(y));
}

}  // namespace avx512_model

inline __m256h _mm256_add_ph(const __m256h& a, const __m256h& b) {
  return avx512_model::lanes<__m256h>(avx512_model::half_sum, a, b);
}

inline __m256h _mm256_mul_ph(const __m256h& a, const __m256h& b) {
  return avx512_model::lanes<__m256h>(avx512_model::half_product, a, b);
}

inline __m512h _mm512_add_ph(const __m512h& a, const __m512h& b) {
  return avx512_model::lanes<__m512h>(avx512_model::half_sum, a, b);
}

inline __m512h _mm512_mul_ph(const __m512h& a, const __m512h& b) {
  return avx512_model::lanes<__m512h>(avx512_model::half_product, a, b);
}
