#include "modules/kernels/fp32_backward.h"

#include <algorithm>

#include "modules/kernels/isa.h"

namespace h2 {
namespace {

/// Channels of grad-u whose weights towards one group fit a level-2 cache: 144 KB for 3x3.
constexpr int kBlock = 64;
/// Share of non-zeros above which multiplying all is faster (measured, AVX2).
constexpr double kDense = 0.4;

}  // namespace

Fp32Backward::Fp32Backward(const Layer& above)
    : above_(above), windows_(Windows::backward(above)), core_(&selected_core(Numerics::fp32)) {}

void Fp32Backward::load(const float* oihw, int ci0, int count) {
  count_ = count;
  groups_.clear();
  for (int first = 0; first < count; first += kMaxBlocks * kLanes) {
    Group group;
    group.first = first;
    const int lanes = std::min(count - first, kMaxBlocks * kLanes);
    group.blocks = (lanes + kLanes - 1) / kLanes;
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
    for (int lane = 0; lane < lanes; ++lane) {
      // The window slides with the kernel rotated by 180 degrees.
      for (int tap = taps - 1; tap >= 0; --tap, ++from) {
        to[static_cast<std::size_t>(tap) * block * width + lane] = *from;
      }
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
      list_values(*core_, grad_u, map, input.seen, co0, std::min(kBlock, above_.cout - co0),
                  windows_.step, input.events);
    }
  }
  return input;
}

void Fp32Backward::add_events(const Group& group, const Input& input, const std::uint32_t* starts,
                              int co0, float* psums) const {
  ProductSumArgs args;
  args.runs = input.runs.data();
  args.starts = starts;
  args.events = input.events.entries.data();
  args.rows = weights(group, co0);
  args.channels = std::min(kBlock, above_.cout - co0);
  args.runs_per_output = above_.kernel;
  args.outputs = input.region.area();
  args.blocks = group.blocks;
  args.sums = psums;
  core_->product_sums(args);
}

/// Every window place looks at gradients, or at zeros outside the map and between its rows.
void Fp32Backward::add_dense(const Group& group, const Input& input, int map, int co0,
                             float* psums) const {
  static const float kZeros[kBlock] = {};
  const int k = above_.kernel, step = windows_.step;
  std::vector<const float*> factors;
  for (int y = input.region.y0; y < input.region.y1; ++y) {
    for (int x = input.region.x0; x < input.region.x1; ++x) {
      for (int id = 0; id < k * k; ++id) {
        const int sy = y - windows_.before + id / k, sx = x - windows_.before + id % k;
        const bool inside = sy >= 0 && sx >= 0 && sy % step == 0 && sx % step == 0 &&
                            sy / step < above_.out_h && sx / step < above_.out_w;
        factors.push_back(inside ? input.grad_u->at(map, sy / step, sx / step) + co0 : kZeros);
      }
    }
  }
  DenseSumArgs args;
  args.factors = factors.data();
  args.rows = weights(group, co0);
  args.taps = above_.taps();
  args.row_count = std::min(kBlock, above_.cout - co0);
  args.outputs = input.region.area();
  args.blocks = group.blocks;
  args.sums = psums;
  core_->dense_sums(args);
}

void Fp32Backward::run_group(const Group& group, const Input& input, ValueMap& sums) const {
  const Region region = input.region, seen = input.seen;
  const int maps = input.grad_u->maps;
  const std::size_t map_sums = static_cast<std::size_t>(region.area()) * group.blocks * kLanes;
  std::vector<float> psums(maps * map_sums, 0.0F);
  std::size_t list = 0;
  const int seen_channels = seen.area() > 0 ? above_.cout : 0;
  for (int co0 = 0; co0 < seen_channels; co0 += kBlock) {
    const double all = static_cast<double>(seen.area()) * std::min(kBlock, above_.cout - co0);
    for (int map = 0; map < maps; ++map, ++list) {
      const std::uint32_t* starts = input.events.list(list, seen);
      const std::uint32_t count = starts[seen.height() * (seen.width() + 1) - 1] - starts[0];
      if (count > kDense * all) {
        add_dense(group, input, map, co0, &psums[map * map_sums]);
      } else {
        add_events(group, input, starts, co0, &psums[map * map_sums]);
      }
    }
  }
  const int used = std::min(group.blocks * kLanes, count_ - group.first);
  const float* from = psums.data();
  for (int map = 0; map < maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x, from += group.blocks * kLanes) {
        std::copy(from, from + used, sums.at(map, y, x) + group.first);
      }
    }
  }
}

void Fp32Backward::run(const Input& input, ValueMap& sums) const {
  for (const Group& group : groups_) run_group(group, input, sums);
}

}  // namespace h2
