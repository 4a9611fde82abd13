// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "modules/spinalflow/spine.h"

namespace h2 {

/// What a comparator tree over the heads of lists does: the index of the spike that comes first,
/// or -1 if no list has one. `head(i)` is null where list i has no spike.
template <class Head>
int min_find(int lists, Head head) {
  int best = -1;
  const SpineEvent* least = nullptr;
  for (int i = 0; i < lists; ++i) {
    const SpineEvent* event = head(i);
    if (event == nullptr || (least != nullptr && !(*event < *least))) continue;
    best = i;
    least = event;
  }
  return best;
}

}  // namespace h2
