// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "modules/network/network.h"
#include "modules/tensor/maps.h"

// What one layer sends to another for one sample: blocks of 16 channels one after the other, each
// timestep by timestep, row by row. A piece of whole blocks is contiguous.

namespace h2 {

/// Spikes as `layer` hands them on, three bit planes behind AP2; a position of a block is its
/// planes in words of 16 bits.
class SpikeMessage {
 public:
  SpikeMessage(Layer layer, int steps) : layer_(std::move(layer)), steps_(steps) {}

  /// Where the block that begins with `channel` begins; at cout: all bytes.
  std::uint64_t offset(int channel) const;
  /// Channels [c0, c1), c0 a multiple of 16, from maps `map0`.. of `bits`.
  void encode(const BitMap& bits, int map0, int c0, int c1, std::uint8_t* bytes) const;
  /// A whole sample into `steps` maps.
  void decode(const std::uint8_t* bytes, BitMap& bits) const;

 private:
  int words(int c0, int c1) const;

  Layer layer_;
  int steps_;
};

/// grad-u of `layer` at its Soma positions.
class GradientMessage {
 public:
  GradientMessage(Layer layer, int steps, int value_bytes)
      : layer_(std::move(layer)), steps_(steps), value_bytes_(value_bytes) {}

  std::uint64_t offset(int channel) const;
  /// From the first `steps` maps of `values`.
  void encode(const ValueMap& values, int c0, int c1, std::uint8_t* bytes) const;
  void decode(const std::uint8_t* bytes, ValueMap& values) const;

 private:
  Layer layer_;
  int steps_, value_bytes_;
};

/// Bits of one sample's maps in C,H,W order, planes fastest, as a fully connected layer reads them.
void flatten(const BitMap& from, int planes, BitMap& to);

}  // namespace h2
