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
  std::uint64_t count_taps(const BitMap& spikes, Region tile);
  std::uint64_t count_positions(const BitMap& spikes, Region tile);
  const std::uint16_t* window(const BitMap& spikes, int map, int y, int x, int tap) const;
  void take(const std::uint16_t* from);
  std::uint64_t taken();

  Layer layer_;
  Join join_;
  int inputs_;
  std::map<std::pair<int, int>, std::uint64_t> known_;  // by (first position, c0)
  int word0_ = 0, words_ = 0;                           // of the channels counted
  std::uint16_t first_mask_ = 0, last_mask_ = 0;
  std::vector<std::uint16_t> joined_;
};

}  // namespace h2
