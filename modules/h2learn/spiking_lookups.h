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
  /// A look-up of a map: places_[begin..end), the words of input positions from the map's first on.
  struct Lookup {
    std::uint32_t begin = 0, end = 0;
    std::uint64_t uses = 1;  ///< how many look-ups are the same
  };

  void choose_channels(int c0, int c1);
  void list_by_rows(const BitMap& spikes, Region tile);
  void list_each(const BitMap& spikes, Region tile);
  void take(const BitMap& spikes, int row, int column);
  void end_lookup(std::uint64_t uses);
  std::uint64_t count_map(const BitMap& spikes, int map) const;

  Layer layer_;
  Join join_;
  int inputs_;
  std::map<std::pair<int, int>, std::uint64_t> known_;  // by (first position, c0)
  std::vector<Lookup> lookups_;                         // of the tile
  std::vector<std::uint32_t> places_;
  int word0_ = 0;                       // of the channels counted
  std::vector<std::uint64_t> counted_;  // by block of four words from there: bits of the channels
};

}  // namespace h2
