// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// Bit reshuffling between channel words (bit = channel) and table addresses (byte = channel), and
// counting by bits.

namespace h2 {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte i of a word is its bits 8i..8i+7");

/// Set bits, without the call that __builtin_popcount is where any processor must do.
inline unsigned count_ones(std::uint16_t word) {
  unsigned sum = word - (word >> 1 & 0x5555U);
  sum = (sum & 0x3333U) + (sum >> 2 & 0x3333U);
  sum = (sum + (sum >> 4)) & 0x0F0FU;
  return (sum + (sum >> 8)) & 0x1FU;
}

/// The same for a word of 64.
inline unsigned count_ones64(std::uint64_t word) {
  word -= word >> 1 & 0x5555555555555555U;
  word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
  word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0FU;
  return static_cast<unsigned>(word * 0x0101010101010101U >> 56);
}

/// Spreads the 16 bits of `word`: bit i goes to bit 3i.
inline std::uint64_t spread_by_three(std::uint16_t word) {
  std::uint64_t x = word;
  x = (x | x << 16) & 0x001F0000FF0000FFU;
  x = (x | x << 8) & 0x100F00F00F00F00FU;
  x = (x | x << 4) & 0x10C30C30C30C30C3U;
  return (x | x << 2) & 0x1249249249249249U;
}

/// out[i] = bit i of `word`, 0 or 1.
inline void expand_bits(std::uint16_t word, std::uint8_t* out) {
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t byte = (word >> (8 * half)) & 0xFFU;
    const std::uint64_t picked = (byte * 0x0101010101010101U) & 0x8040201008040201U;
    const std::uint64_t bits = ((picked + 0x7F7F7F7F7F7F7F7FU) >> 7) & 0x0101010101010101U;
    std::memcpy(out + 8 * half, &bits, 8);
  }
}

/// Transposes an 8x8 bit matrix: bit c of byte r goes to bit r of byte c.
inline std::uint64_t transpose_8x8(std::uint64_t x) {
  std::uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAU;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCU;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0U;
  return x ^ t ^ (t << 28);
}

/// Bit i of out[c] = bit c of words[i], i < count <= 8.
inline void gather_bits(const std::uint16_t* words, int count, std::uint8_t* out) {
  std::uint64_t low = 0, high = 0;
  for (int i = 0; i < count; ++i) {
    low |= static_cast<std::uint64_t>(words[i] & 0xFFU) << (8 * i);
    high |= static_cast<std::uint64_t>(words[i] >> 8) << (8 * i);
  }
  low = transpose_8x8(low);
  high = transpose_8x8(high);
  std::memcpy(out, &low, 8);
  std::memcpy(out + 8, &high, 8);
}

/// Values that are infinite or NaN, n < 2^32. By the exponent, which vectorises; std::isfinite may
/// raise an exception and does not.
inline std::uint32_t count_not_finite(const float* values, std::size_t n) {
  constexpr std::uint32_t kExponent = 0x7F800000;
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    found += (bits & kExponent) == kExponent ? 1 : 0;
  }
  return found;
}

}  // namespace h2
