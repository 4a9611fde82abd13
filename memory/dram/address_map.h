// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "memory/dram/memory_spec.h"

namespace h2 {

/// Bytes of one DRAM access; every preset moves a 64 B line with one burst.
inline constexpr std::uint64_t kLineBytes = 64;

/// Where a 64 B line is stored. `group` and `bank` count inside their parent.
struct DramLocation {
  int channel = 0;
  int rank = 0;
  int group = 0;
  int bank = 0;
  std::int64_t row = 0;
  int column = 0;  ///< in lines of 64 B
};

/// Where the scheduler sends a line: the channel, the bank as the channel numbers it (rank, group,
/// bank), and the row.
struct LinePlace {
  std::int64_t row = 0;
  std::uint32_t channel = 0;
  int bank = 0;
};

/// Splits an address of one MemN into its DRAM location, and back. The order of the fields is
/// DramSpec::address_map, most significant first. With DramSpec::bank_hash the number of bank group
/// and bank so found is XORed with all bits of the row, taken in pieces as long as that number:
/// rows at a distance of any power of two, which would lie in one bank, spread over all.
class AddressMap {
 public:
  /// Throws InputError on an unknown, missing or repeated field, or a count that is no power of
  /// two. Channels may be three times a power of two (the unified memory): lines are then dealt out
  /// to the thirds first.
  AddressMap(const DramSpec& spec, std::uint64_t capacity_bytes);

  [[nodiscard]] DramLocation decode(std::uint64_t address) const;
  /// visit(LinePlace) for `count` consecutive lines from address 64 * `first`.
  template <class Visit>
  void for_each_line(std::uint64_t first, std::uint32_t count, Visit visit) const;
  /// Consecutive lines go to the channels in turn, and the lines of a stripe, one per channel from
  /// channel 0 on, to the same bank and row.
  [[nodiscard]] bool deals_stripes() const { return parts_ == 1 && channel_.shift == 6; }
  /// The same for stripes, each by its line in channel 0. deals_stripes() must hold.
  template <class Visit>
  void for_each_stripe(std::uint64_t first, std::uint32_t count, Visit visit) const;
  /// Address of the first byte of the line.
  [[nodiscard]] std::uint64_t encode(const DramLocation& at) const;

  [[nodiscard]] std::int64_t rows() const { return count(row_); }
  [[nodiscard]] int columns() const { return static_cast<int>(count(column_)); }
  /// True when consecutive lines of a channel go to different bank groups.
  [[nodiscard]] bool interleaves_groups() const;

 private:
  struct Field {
    int shift = 0, bits = 0;
    std::uint64_t mask = 0;
    [[nodiscard]] std::uint64_t of(std::uint64_t address) const { return address >> shift & mask; }
    [[nodiscard]] std::uint64_t at(std::uint64_t value) const { return (value & mask) << shift; }
  };
  [[nodiscard]] static std::int64_t count(const Field& f) {
    return static_cast<std::int64_t>(f.mask + 1);
  }

  static constexpr std::uint64_t kTable = 64;
  /// Of line `index` of a third, in its first channel.
  [[nodiscard]] LinePlace place(std::uint64_t index) const;
  /// What a row adds to the number of bank group and bank, by XOR.
  [[nodiscard]] std::uint64_t hash(std::uint64_t row) const;

  Field channel_, rank_, group_, bank_, row_, column_;
  int hash_bits_ = 0;                  // bank groups and banks when they are hashed, else 0
  std::uint32_t parts_ = 1;            // 3 for three times a power of two of channels
  std::array<LinePlace, kTable> low_;  // what the low bits of an index add
};

/// The bits of an index contribute separately, so that a table serves the low ones.
template <class Visit>
void AddressMap::for_each_line(std::uint64_t first, std::uint32_t count, Visit visit) const {
  std::uint64_t index = first / parts_;
  auto part = static_cast<std::uint32_t>(first % parts_);
  LinePlace high = place(index / kTable * kTable);
  for (std::uint32_t i = 0; i < count; ++i) {
    const LinePlace& low = low_[index % kTable];
    visit(LinePlace{high.row + low.row, high.channel + low.channel + part, high.bank ^ low.bank});
    if (++part < parts_) continue;
    part = 0;
    if (++index % kTable == 0) high = place(index);
  }
}

template <class Visit>
void AddressMap::for_each_stripe(std::uint64_t first, std::uint32_t count, Visit visit) const {
  const std::uint64_t step = channel_.mask + 1;
  std::uint64_t index = first * step;
  LinePlace high = place(index / kTable * kTable);
  for (std::uint32_t i = 0; i < count; ++i) {
    const LinePlace& low = low_[index % kTable];
    visit(LinePlace{high.row + low.row, 0, high.bank ^ low.bank});
    index += step;
    if (index % kTable == 0) high = place(index);
  }
}

}  // namespace h2
