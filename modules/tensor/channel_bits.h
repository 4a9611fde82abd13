// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace h2 {

/// Bits [first, first + count) of one position's channel words, at most 64, as the low bits.
inline std::uint64_t channel_bits(const std::uint16_t* words, int first, int count) {
  std::uint64_t bits = 0;
  for (int at = 0; at < count;) {
    const int offset = (first + at) % 16;
    bits |= static_cast<std::uint64_t>(words[(first + at) / 16] >> offset) << at;
    at += 16 - offset;
  }
  return count == 64 ? bits : bits & ((std::uint64_t{1} << count) - 1);
}

/// counts[i] += number of set bits of column[i].
void add_popcounts(const std::vector<std::uint16_t>& column, std::uint32_t* counts);

/// Turns one word of up to 16 channels per position into one set of positions per channel: bit i of
/// set c (`stride` words apart) becomes bit c of column[i]. The column's size is a multiple of 64,
/// `sets` holds column.size()/64 words per channel.
void transpose(const std::vector<std::uint16_t>& column, int channels, int stride,
               std::uint64_t* sets);

}  // namespace h2
