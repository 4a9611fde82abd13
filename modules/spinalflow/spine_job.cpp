// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spine_job.h"

namespace h2 {

std::vector<SpinePass> SpineJob::passes() const {
  const std::vector<RowRange> parts = shape.parts(unit);
  std::vector<SpinePass> passes;
  const int tiles = shape.tiles(unit);
  for (int tile = 0; tile < tiles; ++tile) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      passes.push_back({tile, shape.lanes(unit, tile), static_cast<int>(part), parts[part],
                        part + 1 == parts.size(), tile + 1 == tiles});
    }
  }
  return passes;
}

SpineTensor SpineJob::tile_tensor(int tile) const {
  const std::uint64_t bytes =
      sf_tensor_bytes(most_samples, positions(), SF_LANES, shape.input.ticks);
  return {partial + static_cast<std::uint64_t>(tile) * bytes, most_samples, positions()};
}

std::uint64_t SpineJob::sum_row(int sample, int position, int tick) const {
  const std::uint64_t row =
      (static_cast<std::uint64_t>(sample) * positions() + position) * shape.input.ticks + tick;
  return sums + row * SF_LANES * sizeof(std::int32_t);
}

}  // namespace h2
