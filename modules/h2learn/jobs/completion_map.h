// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "modules/network/tiling.h"

namespace h2 {

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
