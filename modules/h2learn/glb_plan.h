#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/h2learn/machine.h"
#include "modules/network/network.h"

namespace h2 {

/// One buffer of a GLB: name, bytes of one half, halves (2 = ping-pong).
struct GlbItem {
  std::string name;
  std::uint64_t bytes = 0;
  int halves = 1;
};

/// Demand of one engine, the largest over the layers of a network.
struct GlbDemand {
  std::vector<GlbItem> items;  ///< of the worst layer
  std::uint64_t capacity = 0;
  std::string worst_layer;  ///< empty if the engine has no job (Backward Engine, one layer)

  std::uint64_t total() const;
};

struct GlbPlan {
  GlbDemand forward, weight_update, backward;
  /// Spatial tiles of a Forward Engine half, per layer: 2 as published, 1 where a map is a single
  /// tile or where the input of a strided layer is too large.
  std::vector<int> forward_tiles;
  /// Input channels (not planes) of a Weight Update Engine chunk, per layer: the largest multiple
  /// of 16 whose buffers fit (or all channels).
  std::vector<int> weight_update_channels;
};

/// Sums of the design: FE S, psum/u, s, mask, W; WUE grad-u, S, grad-w; BE grad-u, its mask, three
/// FP16 maps, one partial-sum map per PE of a group, two bitmaps, W. Values count 2 bytes.
/// Throws InputError naming engine, layer, bytes asked and available when a tile set does not fit.
GlbPlan plan_glb(const Machine&, const Network&, int sub_batch);

}  // namespace h2
