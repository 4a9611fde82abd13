#pragma once

#include <functional>
#include <vector>

#include "modules/kernels/maps.h"
#include "modules/network/tiling.h"

namespace h2 {

/// Copies `count` channels of `region` between maps of the same size.
void copy_channels(const BitMap& from, Region region, int from_channel, int count, BitMap& to,
                   int to_channel);
void copy_channels(const ValueMap& from, Region region, int from_channel, int count, ValueMap& to,
                   int to_channel);

/// Which tiles of a target map are complete once a tile of a source map is, when source tiles are
/// done in row-major order.
class CompletionMap {
 public:
  /// `needs` says which region of the source map a region of the target map is made from.
  CompletionMap(const Tiling& source, const Tiling& target,
                const std::function<Region(Region)>& needs);
  const std::vector<int>& complete(int source_tile) const { return complete_[source_tile]; }

 private:
  std::vector<std::vector<int>> complete_;
};

}  // namespace h2
