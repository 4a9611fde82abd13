// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/network/tiling.h"

// What the three engines' parts of plan_glb share. Each part lies in the folder of its engine
// (forward_glb.cpp, weight_update_glb.cpp, backward_glb.cpp): the buffers of one layer as a list.

namespace h2 {

using GlbItems = std::vector<GlbItem>;

constexpr int kPingPong = 2;
constexpr int kChannelGranularity = 16;
constexpr int kWeightBlockInputs = 64;
constexpr int kMostParts = 9 * 16;  // of a tile with its halo, stride 2: 3 x 3 tiles and borders

inline std::uint64_t total_of(const GlbItems& items) {
  std::uint64_t sum = 0;
  for (const GlbItem& item : items) sum += item.bytes * item.halves;
  return sum;
}

inline std::uint64_t product(std::initializer_list<int> factors) {
  std::uint64_t result = 1;
  for (const int factor : factors) result *= factor;
  return result;
}

/// Bytes of `count` values, each of 2 bytes.
inline std::uint64_t value_bytes(std::uint64_t count) { return count * 2; }
inline std::uint64_t bit_bytes(std::uint64_t bits) { return ceil_div(bits, 8); }

/// What the sums of one run share.
struct GlbSizes {
  const Machine& machine;
  int batch, steps;
  int stored = kChannelGranularity;  ///< inputs* of the layer that are read together at least

  int parts = kMostParts;  ///< pieces that these lie in at most

  /// Bits of a block with less than 16 channels are padded to a byte in every piece.
  std::uint64_t padding(const Layer& layer) const {
    return layer.cin_star() % kChannelGranularity == 0 ? 0 : parts;
  }
  int maps() const { return batch * steps; }
  /// Samples and timesteps of a layer's input: pixels do not change with time.
  int input_maps(const Layer& layer) const { return layer.encoding ? batch : maps(); }
  Region largest_tile(int height, int width) const {
    return Tiling(height, width, machine.tile).tile(0);
  }
};

/// Positions of the input, halo included, that a tile of the convolution's map reads.
inline int input_area(const Layer& layer, Region tile) {
  return ((tile.height() - 1) * layer.stride + layer.kernel) *
         ((tile.width() - 1) * layer.stride + layer.kernel);
}

/// Channels that are read for `count` of `all`, whole blocks of storage: a range that is no
/// multiple of a block may begin and end inside one.
inline int covering(int count, int block, int all) {
  if (count >= all) return all;
  return std::min(all, count % block == 0 ? count : (count + block - 2) / block * block + block);
}

GlbRoom room_of(const GlbItems&, std::uint64_t capacity);
/// Keeps the largest demand; throws InputError for one above the capacity.
void demand(GlbDemand& worst, const GlbSizes&, const char* engine, const Layer&, GlbItems);

/// Each adds what the engine needs for a layer to the plan.
void plan_forward(const GlbSizes&, const Layer&, GlbPlan&);
void plan_weight_update(const GlbSizes&, const Layer&, GlbPlan&);
/// `above` owns the weights, `below` the result.
void plan_backward(const GlbSizes&, const Layer& below, const Layer& above, GlbPlan&);
/// The element-wise jobs of batch norm.
void plan_norm(const GlbSizes&, const Layer&, GlbPlan&);
/// The last layer's job: Grad alone.
void plan_grad(const GlbSizes&, const Network&, GlbPlan&);

}  // namespace h2
