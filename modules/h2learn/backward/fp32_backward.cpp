// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/fp32_backward.h"

#include <algorithm>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// Channels of grad-u and blocks of lanes whose weights for one row of a 3x3 window (24 KB) stay in
/// a level-1 cache.
constexpr int kBlock = 64;
constexpr int kGroupBlocks = 2;

}  // namespace

Fp32Backward::Fp32Backward(const Layer& above)
    : above_(above), windows_(Windows::backward(above)), ops_(&selected_ops(Numerics::fp32)) {}

void Fp32Backward::load(const float* oihw, int ci0, int count) {
  count_ = count;
  groups_.clear();
  for (int first = 0; first < count; first += kGroupBlocks * kLanes) {
    Group group;
    group.first = first;
    const int lanes = std::min(count - first, kGroupBlocks * kLanes);
    group.blocks = ceil_div(lanes, kLanes);
    pack(oihw, ci0 + first, lanes, group);
    groups_.push_back(std::move(group));
  }
}

void Fp32Backward::pack(const float* oihw, int ci, int lanes, Group& group) const {
  const int taps = above_.taps(), width = group.blocks * kLanes;
  group.weights.assign(static_cast<std::size_t>(above_.cout) * taps * width, 0.0F);
  for (int co = 0; co < above_.cout; ++co) {
    const int co0 = co / kBlock * kBlock, block = std::min(kBlock, above_.cout - co0);
    const float* from = oihw + (static_cast<std::size_t>(co) * above_.cin + ci) * taps;
    float* to = &group.weights[(static_cast<std::size_t>(co0) * taps + co - co0) * width];
    // The window slides with the kernel rotated by 180 degrees.
    for (int tap = taps - 1; tap >= 0; --tap, ++from) {
      float* row = to + static_cast<std::size_t>(tap) * block * width;
      for (int lane = 0; lane < lanes; ++lane) row[lane] = from[lane * taps];
    }
  }
}

Fp32Backward::Input Fp32Backward::prepare(const ValueMap& grad_u, Region region) const {
  Input input;
  input.grad_u = &grad_u;
  input.region = region;
  input.seen = windows_.reach(region, above_.out_h, above_.out_w);
  input.runs = plan_runs(windows_, region, input.seen);
  for (int co0 = 0; co0 < above_.cout; co0 += kBlock) {
    for (int map = 0; map < grad_u.maps; ++map) {
      list_values(*ops_, grad_u, map, input.seen, co0, std::min(kBlock, above_.cout - co0),
                  windows_.step, input.events);
    }
  }
  return input;
}

void Fp32Backward::run_group(const Group& group, const Input& input, ValueMap& sums,
                             int channel0) const {
  const Region region = input.region, seen = input.seen;
  const int maps = input.grad_u->maps;
  const std::size_t map_sums = static_cast<std::size_t>(region.area()) * group.blocks * kLanes;
  AlignedVector<float> psums(maps * map_sums, 0.0F);
  ProductSumArgs args;
  args.events = input.events.entries.data();
  args.run_pitch = above_.kernel;
  args.outputs = region.area();
  args.blocks = group.blocks;
  const int seen_channels = seen.area() > 0 ? above_.cout : 0;
  std::size_t first_list = 0;
  for (int co0 = 0; co0 < seen_channels; co0 += kBlock, first_list += maps) {
    args.channels = std::min(kBlock, above_.cout - co0);
    args.rows =
        &group.weights[static_cast<std::size_t>(co0) * above_.taps() * group.blocks * kLanes];
    for (int row = 0; row < above_.kernel; ++row) {
      args.runs = input.runs.data() + row;
      args.sums = psums.data();
      for (int map = 0; map < maps; ++map, args.sums += map_sums) {
        args.starts = input.events.list(first_list + map, seen);
        ops_->product_sums(args);
      }
    }
  }
  const int used = std::min(group.blocks * kLanes, count_ - group.first);
  const float* from = psums.data();
  for (int map = 0; map < maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x, from += group.blocks * kLanes) {
        std::copy(from, from + used, sums.at(map, y, x) + channel0 + group.first);
      }
    }
  }
}

void Fp32Backward::run(const Input& input, ValueMap& sums, int channel0) const {
  for (const Group& group : groups_) run_group(group, input, sums, channel0);
}

}  // namespace h2
