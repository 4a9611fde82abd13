// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/jobs/completion_map.h"

namespace h2 {

CompletionMap::CompletionMap(const Tiling& source, const Tiling& target,
                             const std::function<Region(Region)>& needs)
    : complete_(source.count()) {
  for (int t = 0; t < target.count(); ++t) {
    complete_[source.touching(needs(target.tile(t))).back()].push_back(t);
  }
}

}  // namespace h2
