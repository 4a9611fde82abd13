// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {

/// Stores the values of `blocks` of 16 channels in a tile, dense.
inline void store_units(const JobContext& context, const TensorImage& image, TensorKind kind,
                        int tile, Span blocks, const ValueMap& values, TransferList& list) {
  for (int b = blocks.begin; b < blocks.end; ++b) {
    const int unit = image.unit(tile, b);
    Transfer t;
    t.write = true;
    t.kind = kind;
    t.halved = context.value_bytes == 4;
    t.address = image.values_address(unit, context.value_bytes);
    t.bytes = image.elements(unit) * static_cast<std::uint64_t>(context.value_bytes);
    if (context.functional()) {
      image.encode_values(unit, context.value_bytes, values, list.write(t));
    } else {
      list.write_timing(t);
    }
  }
}

}  // namespace h2
