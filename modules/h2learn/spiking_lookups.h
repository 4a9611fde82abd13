// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Counts the look-ups of one output channel whose spikes are not all zero. A look-up joins, for
/// one input channel, the spikes of up to `inputs` taps of a window (Forward Engine) or of up to
/// `inputs` successive positions of a tile at one tap (Weight Update Engine). Counts are kept: the
/// spikes do not change from one pass over them to the next.
class SpikingLookups {
 public:
  enum class Join { taps, positions };
  SpikingLookups(const Layer& layer, Join join, int inputs);

  /// For the output positions of `tile` and input channels* c0..c1-1, over all maps of `spikes`,
  /// which has cin_star channels at in_h x in_w.
  std::uint64_t count(const BitMap& spikes, Region tile, int c0, int c1);

 private:
  /// The words of a position of the input map whose spikes take part in a look-up.
  using Place = const std::uint16_t*;

  void choose_channels(const BitMap& spikes, int c0, int c1);
  std::uint64_t count_by_rows(const BitMap& spikes, Region tile);
  std::uint64_t count_row(const BitMap& spikes, Region tile, int map, int row);
  std::uint64_t count_each(const BitMap& spikes, Region tile);
  void take(const BitMap& spikes, int map, int row, int column);
  std::uint64_t taken();

  Layer layer_;
  Join join_;
  int inputs_;
  std::map<std::pair<int, int>, std::uint64_t> known_;  // by (first position, c0)
  int word0_ = 0, last_words_ = 0;      // of the channels counted; words of the last block
  std::vector<std::uint64_t> counted_;  // by block of four words: bits of these channels
  std::vector<Place> places_;           // of the look-up under way
};

}  // namespace h2
