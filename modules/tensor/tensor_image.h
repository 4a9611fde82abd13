#pragma once

#include <cstdint>
#include <vector>

#include "modules/arithmetic/simd/isa.h"
#include "modules/contract/h2_layout.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

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

  std::uint64_t elements(int unit) const { return elements_[unit + 1] - elements_[unit]; }
  std::uint64_t bits_address(int unit) const { return base_ + bits_[unit]; }
  std::uint64_t bits_bytes(int unit) const { return bits_[unit + 1] - bits_[unit]; }
  std::uint64_t values_address(int unit, int value_bytes) const {
    return base_ + elements_[unit] * value_bytes;
  }

  void decode_bits(int unit, const std::uint8_t* bytes, BitMap& out) const;
  void encode_bits(int unit, const BitMap& in, std::uint8_t* bytes) const;
  /// Dense values. value_bytes: 2 = FP16, 4 = FP32.
  void decode_values(int unit, int value_bytes, const std::uint8_t* bytes, ValueMap& out) const;
  void encode_values(int unit, int value_bytes, const ValueMap& in, std::uint8_t* bytes) const;
  /// Values packed where `mask` is set; others decode to 0. Encoding returns the bytes written.
  void decode_packed(int unit, int value_bytes, const BitMap& mask, const std::uint8_t* bytes,
                     ValueMap& out) const;
  std::uint64_t encode_packed(int unit, int value_bytes, const BitMap& mask, const ValueMap& in,
                              std::uint8_t* bytes) const;
  /// Set bits of one unit.
  std::uint64_t count(int unit, const BitMap& mask) const;

 private:
  int word_of(int unit) const { return unit % blocks_; }
  int channels(int unit) const;  ///< in a position of the unit: 16, or fewer in the last block
  /// Calls visit(map index, y, first x, columns) in the order of the chunk.
  template <class Visit>
  void for_each_row(int unit, Visit visit) const;
  /// Calls visit(word of the unit's channels) for every position of a BitMap, const or not, in the
  /// order of the chunk.
  template <class Bits, class Visit>
  void for_each_word(int unit, Bits& bits, Visit visit) const;

  std::uint64_t base_ = 0;
  h2_map map_{};
  int blocks_ = 0;
  Tiling tiling_;
  std::vector<std::uint64_t> bits_, elements_;  // prefix sums over units
  const VectorOps& ops_ = selected_ops(Numerics::fp16);
};

}  // namespace h2
