// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/channel_bits.h"

#include <cstddef>

namespace h2 {
namespace {

/// Exchanges the bits of `a` under mask << shift with those of `b` under mask.
void exchange(std::uint64_t& a, std::uint64_t& b, int shift, std::uint64_t mask) {
  const std::uint64_t differ = ((a >> shift) ^ b) & mask;
  b ^= differ;
  a ^= differ << shift;
}

/// The same within one word, `shift` bits apart.
void exchange(std::uint64_t& a, int shift, std::uint64_t mask) {
  const std::uint64_t differ = ((a >> shift) ^ a) & mask;
  a ^= differ ^ (differ << shift);
}

/// Transposes a 16x16 bit matrix held as four rows per word, by blocks of 8, 4, 2 and 1.
void transpose16(std::uint64_t (&rows)[4]) {
  for (int i = 0; i < 2; ++i) exchange(rows[i], rows[i + 2], 8, 0x00FF00FF00FF00FF);
  for (int i = 0; i < 4; i += 2) exchange(rows[i], rows[i + 1], 4, 0x0F0F0F0F0F0F0F0F);
  for (std::uint64_t& row : rows) exchange(row, 30, 0x00000000CCCCCCCC);
  for (std::uint64_t& row : rows) exchange(row, 15, 0x0000AAAA0000AAAA);
}

}  // namespace

void add_popcounts(const std::vector<std::uint16_t>& column, std::uint32_t* counts) {
  for (std::size_t i = 0; i < column.size(); ++i) {
    std::uint16_t v = column[i];
    v = static_cast<std::uint16_t>(v - ((v >> 1) & 0x5555));
    v = static_cast<std::uint16_t>((v & 0x3333) + ((v >> 2) & 0x3333));
    v = static_cast<std::uint16_t>((v + (v >> 4)) & 0x0F0F);
    counts[i] += static_cast<std::uint16_t>((v + (v >> 8)) & 31);
  }
}

void transpose(const std::vector<std::uint16_t>& column, int channels, int stride,
               std::uint64_t* sets) {
  for (std::size_t word = 0; word < column.size() / 64; ++word) {
    std::uint64_t packed[16] = {};
    for (int quarter = 0; quarter < 4; ++quarter) {
      std::uint64_t rows[4] = {};
      for (int i = 0; i < 16; ++i) {
        rows[i / 4] |= std::uint64_t{column[word * 64 + quarter * 16 + i]} << (16 * (i % 4));
      }
      transpose16(rows);
      for (int c = 0; c < 16; ++c) {
        packed[c] |= ((rows[c / 4] >> (16 * (c % 4))) & 0xFFFF) << (16 * quarter);
      }
    }
    for (int c = 0; c < channels; ++c)
      sets[static_cast<std::size_t>(c) * stride + word] = packed[c];
  }
}

}  // namespace h2
