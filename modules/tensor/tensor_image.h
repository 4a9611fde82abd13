// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "modules/arithmetic/simd/isa.h"
#include "modules/contract/h2_layout.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Parts [begin, end) of a unit, neighbours in memory.
struct PartRange {
  int begin = 0, end = H2_PARTS;
};

/// A map tensor in memory (h2_layout.h): where its chunks lie and how their bytes become a BitMap
/// or ValueMap of the same steps, samples, size and channels, and back.
class TensorImage {
 public:
  TensorImage(std::uint64_t base, const h2_map& map);

  const h2_map& map() const { return map_; }
  int tiles() const { return tiling_.count(); }
  int blocks() const { return blocks_; }
  int units() const { return tiles() * blocks_; }
  /// A unit is one chunk: tile-major, then channel block.
  int unit(int tile, int block) const { return tile * blocks_ + block; }
  const Tiling& tiling() const { return tiling_; }

  /// Positions of a part of a tile; may be empty.
  Region part(int tile, int part) const { return layout_[tile].parts[part]; }
  /// A bit per part of the tile that shares a position with `region`.
  unsigned parts_touching(int tile, Region region) const;
  /// Bits of all parts of the tile that are not empty.
  unsigned all_parts(int tile) const { return layout_[tile].present; }

  std::uint64_t elements(int unit, PartRange parts = {}) const;
  std::uint64_t bits_address(int unit, int part = 0) const;
  std::uint64_t bits_bytes(int unit, PartRange parts = {}) const {
    return bits_address(unit, parts.end) - bits_address(unit, parts.begin);
  }
  std::uint64_t values_address(int unit, int value_bytes, int part = 0) const;

  void decode_bits(int unit, const std::uint8_t* bytes, BitMap& out, PartRange parts = {}) const;
  void encode_bits(int unit, const BitMap& in, std::uint8_t* bytes) const;
  /// Dense values. value_bytes: 2 = FP16, 4 = FP32.
  void decode_values(int unit, int value_bytes, const std::uint8_t* bytes, ValueMap& out,
                     PartRange parts = {}) const;
  void encode_values(int unit, int value_bytes, const ValueMap& in, std::uint8_t* bytes) const;
  /// Values packed where `mask` is set, without gaps; others decode to 0. Encoding returns the
  /// bytes written. Every part has a slot of its own: several of them are only packed together
  /// where the map has no border.
  void decode_packed(int unit, int value_bytes, const BitMap& mask, const std::uint8_t* bytes,
                     ValueMap& out, PartRange parts = {}) const;
  std::uint64_t encode_packed(int unit, int value_bytes, const BitMap& mask, const ValueMap& in,
                              std::uint8_t* bytes, PartRange parts = {}) const;
  /// Set bits of one unit.
  std::uint64_t count(int unit, const BitMap& mask, PartRange parts = {}) const;

 private:
  struct Tile {
    std::array<Region, H2_PARTS> parts;
    unsigned present = 0;
    /// Positions of all maps before a part, and bytes of bits in the last block of channels.
    std::array<std::uint64_t, H2_PARTS + 1> positions{}, last_bits{};
    std::uint64_t elements = 0, bits = 0;  ///< before the tile, in elements and in bytes of bits
  };
  const Tile& tile_of(int unit) const { return layout_[unit / blocks_]; }
  bool full(int unit) const { return channels(unit) == static_cast<int>(H2_BLOCK); }
  int word_of(int unit) const { return unit % blocks_; }
  int channels(int unit) const;  ///< in a position of the unit: 16, or fewer in the last block
  /// Calls visit(map index, y, first x, columns) in the order of the chunk.
  template <class Visit>
  void for_each_row(int unit, PartRange parts, Visit visit) const;
  /// Calls visit(word of the unit's channels) for every position of a BitMap, const or not, in the
  /// order of the chunk.
  template <class Bits, class Visit>
  void for_each_word(int unit, PartRange parts, Bits& bits, Visit visit) const;

  std::uint64_t base_ = 0;
  h2_map map_{};
  int blocks_ = 0;
  Tiling tiling_;
  std::vector<Tile> layout_;
  const VectorOps& ops_ = selected_ops(Numerics::fp16);
};

}  // namespace h2
