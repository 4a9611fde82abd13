// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/network/network.h"
#include "modules/network/tiling.h"

namespace h2 {

/// Region of a convolution's map under a region of the map that 2x2 pooling makes of it.
inline Region pooled_from(Region r) { return {r.y0 * 2, r.y1 * 2, r.x0 * 2, r.x1 * 2}; }

/// Pooled spikes or potentials of a Forward Engine tile stay in the buffer until the last pooled
/// tile that they belong to is complete. In positions, by tile of the convolution.
struct PooledTiles {
  std::vector<std::uint64_t> kept;    ///< that a tile adds
  std::vector<std::uint64_t> stored;  ///< that are stored behind it
};
PooledTiles pooled_tiles(const Layer& layer, TileSpec payload);

/// Bytes in the buffer: what a tile of `area` positions makes of `maps` maps (u in the place of its
/// sums, spikes and mask), and what each pooled position takes.
std::uint64_t neuron_bytes(std::uint64_t maps, int area);
std::uint64_t pooled_bytes(const Layer& layer, std::uint64_t maps);

/// The most that the tiles of a pass and what they keep take at once.
std::uint64_t largest_forward_results(const Layer& layer, TileSpec payload, std::uint64_t maps);

}  // namespace h2
