// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace h2 {

/// Words of one lane block: a 256-bit vector where the processor has one.
constexpr int kLaneWords = 4;

/// Shape of a table of small numbers for many lanes at once, bit-sliced:
/// [block][entry][plane][word], where bit b of word w of plane p is bit p of the number that lane
/// (block, w, b) has in `entry`.
struct LaneTable {
  int blocks = 0;
  int entries = 0;  ///< a multiple of 64
  int planes = 0;

  /// Room for numbers up to `addend` and for sums of chosen entries up to `sum`.
  LaneTable() = default;
  LaneTable(int blocks, int entries, std::uint64_t addend, std::uint64_t sum);

  std::size_t words() const { return static_cast<std::size_t>(blocks) * entries * entry_words(); }
  int entry_words() const { return planes * kLaneWords; }
  /// Where (block, entry) begins, in words.
  std::size_t at(int block, int entry) const {
    return (static_cast<std::size_t>(block) * entries + entry) * entry_words();
  }
};

/// Whether a LaneTable can hold numbers up to `addend` and sums up to `sum`.
bool lane_sums_hold(std::uint64_t addend, std::uint64_t sum);

/// Makes an entry: per lane the number of ones in the chosen rows of `bits`, each kLaneWords words
/// and `stride` words after the one before.
void sum_lanes(const std::uint64_t* bits, std::size_t stride, const std::vector<int>& chosen,
               int planes, std::uint64_t* entry);

/// The largest sum of any lane over any of `sets` sets of entries; each set is entries/64 words,
/// bit i = entry i.
std::uint64_t longest_lane(const LaneTable& shape, const std::uint64_t* table,
                           const std::uint64_t* chosen, int sets);
/// The same without instructions that the processor may lack.
std::uint64_t longest_lane_portable(const LaneTable& shape, const std::uint64_t* table,
                                    const std::uint64_t* chosen, int sets);

}  // namespace h2
