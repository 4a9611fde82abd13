// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "modules/device/glb_room.h"
#include "modules/h2learn/backward/backward_nest.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"

namespace h2 {

/// One buffer of a GLB: name, bytes of one half, halves (2 = ping-pong).
struct GlbItem {
  std::string name;
  std::uint64_t bytes = 0;
  int halves = 1;
  bool made = false;  ///< by the engine; otherwise loaded
};

/// Demand of one engine, the largest over the layers of a network.
struct GlbDemand {
  std::vector<GlbItem> items;  ///< of the worst layer
  std::uint64_t capacity = 0;
  std::string worst_layer;  ///< empty if the engine has no job (Backward Engine, one layer)

  std::uint64_t total() const;
};

/// Order of the Backward Engine through a fully connected layer.
enum class FcOrder {
  stream,    ///< weights in memory order, once; all sums and grad-u stay in the buffer
  resident,  ///< for 64 inputs { for outputs }; grad-u stays
  text       ///< the same, grad-u is read again for every 64 inputs
};

struct GlbPlan {
  GlbDemand forward, weight_update, backward;
  /// Per layer that owns the weights; `grad` is the last layer's job without an array.
  std::vector<GlbRoom> forward_room, weight_update_room, backward_room;
  GlbRoom grad_room;
  /// Of the element-wise jobs of batch norm, per layer; without batch norm nothing.
  std::vector<GlbRoom> norm_forward_room, norm_backward_room;
  GlbRoom norm_update_room;
  std::vector<std::uint64_t> norm_forward_bytes, norm_backward_bytes, norm_update_bytes;
  /// Fully connected layers: the input vectors are read once and stay.
  std::vector<bool> forward_resident, weight_update_resident;
  std::vector<FcOrder> fc_order;
  /// Of the Backward Engine through convolutions.
  std::vector<BackwardNest> backward_nest;
  /// Bytes that jobs of a layer take of their buffer.
  std::vector<std::uint64_t> forward_bytes, weight_update_bytes, backward_bytes;
  std::uint64_t grad_bytes = 0;
  /// Spatial tiles of a Forward Engine half, per layer: 2 as published, 1 where a map is a single
  /// tile or where the input of a strided layer is too large.
  std::vector<int> forward_tiles;
  /// Input channels (not planes) of a Weight Update Engine pass, per layer: all of them where they
  /// fit, with grad-w in one half if need be (IV-B2), otherwise the largest multiple of 64 (16).
  std::vector<int> weight_update_channels;
};

/// Inputs* of one Forward Engine chunk and inputs of one Backward Engine chunk (streamed) of a
/// fully connected layer.
inline int forward_fc_step(const Machine& m) { return m.forward.rows * m.forward.taps(); }
inline int backward_fc_step(const Machine& m) { return 9 * m.backward.cols; }
/// Values of one partial sum position of a Backward Engine tile in the buffer.
inline int partial_sum_copies(const Machine& m) {
  return std::min(m.psum_copies, m.backward.group);
}
/// Outputs of one read-modify-write step of the Weight Update Engine.
constexpr int kMergeOutputs = 16;

/// Sums of the design: FE S, psum/u, s, mask, W; WUE grad-u, S, grad-w; BE grad-u, its mask, three
/// FP16 maps, one partial-sum map per PE of a group, two bitmaps, W. Values count 2 bytes.
/// Throws InputError naming engine, layer, bytes asked and available when a tile set does not fit.
GlbPlan plan_glb(const Machine&, const Network&, int sub_batch);

}  // namespace h2
