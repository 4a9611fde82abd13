// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_array.h"

#include <algorithm>
#include <cmath>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word

/// No product of this size overflows, even of numbers that rounding to FP16 enlarges.
constexpr float kFits = 0x1p15F;
/// Rows of weights fetched ahead.
constexpr int kAhead = 8;

}  // namespace

BackwardArray::BackwardArray(const Layer& above, const BackwardSpec& array, Numerics numerics)
    : above_(above), rows_(array.rows), ops_(&selected_ops(numerics)) {
  if (numerics == Numerics::fp32) fp32_.emplace(above);
}

void BackwardArray::load(const float* oihw, int ci0, int count) {
  if (fp32_) {
    fp32_->load(oihw, ci0, count);
    return;
  }
  count_ = count;
  groups_.clear();
  largest_ = 0.0F;
  for (int first = 0; first < count; first += kMaxBlocks * kLanes) {
    Group group;
    group.first = first;
    const int used = std::min(count - first, kMaxBlocks * kLanes);
    group.blocks = ceil_div(used, kLanes);
    pack(oihw, ci0 + first, used, group);
    groups_.push_back(std::move(group));
  }
}

int BackwardArray::row_bits() const {
  int bits = 4;
  while (1 << bits < rows_) ++bits;
  return bits;
}

void BackwardArray::pack(const float* oihw, int ci, int used, Group& group) {
  const int taps = above_.taps();
  const std::size_t lanes = static_cast<std::size_t>(group.blocks) * kLanes;
  const std::size_t row_bytes = lanes * ops_->entry_bytes;
  group.weights.assign(row_blocks() * block_rows() * row_bytes, 0);
  AlignedVector<float> row(taps * lanes, 0.0F);
  for (int co = 0; co < above_.cout; ++co) {
    const float* from = oihw + (static_cast<std::size_t>(co) * above_.cin + ci) * taps;
    // Rows of a fully connected layer lie far apart.
    for (std::size_t ahead = 0; ahead < lanes && co + kAhead < above_.cout; ahead += kLanes) {
      __builtin_prefetch(from + static_cast<std::size_t>(kAhead) * above_.cin * taps + ahead);
    }
    largest_ = ops_->largest(from, static_cast<std::size_t>(used) * taps, largest_);
    // The window slides with the kernel rotated by 180 degrees.
    for (int id = taps - 1; id >= 0; --id, ++from) {
      for (int lane = 0; lane < used; ++lane) row[id * lanes + lane] = from[lane * taps];
    }
    const std::size_t place = co / rows_ * block_rows() + co % rows_;
    for (int id = 0; id < taps; ++id) {
      ops_->store_entries(
          &row[id * lanes], group.blocks,
          &group.weights[(place + (static_cast<std::size_t>(id) << row_bits())) * row_bytes]);
    }
  }
}

void BackwardArray::run(const Input& input, ValueMap& sums, int channel0) const {
  if (fp32_) {
    fp32_->run(input.fp32, sums, channel0);
    return;
  }
  const std::size_t positions = static_cast<std::size_t>(input.grad_u->maps) * input.region.area();
  std::vector<Cells> cells;
  for (const Group& group : groups_) {
    cells.emplace_back(positions * group.blocks * kLanes * ops_->cell_bytes, 0);
  }
  if (!input.ends.empty()) {
    run_lists(input, cells);
  } else if (!input.seen.empty()) {
    run_windows(input, cells);
  } else if (std::isfinite(largest_)) {
    run_dense(input, cells);
  } else {
    Input windows = input;
    see_all(windows);
    run_windows(windows, cells);
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    write_out(groups_[g], cells[g], input.region, sums, channel0);
  }
}

bool BackwardArray::fits(const Input& input) const { return input.largest * largest_ <= kFits; }

const void* BackwardArray::weights(const Group& group, int row0) const {
  const std::size_t row_bytes = group.blocks * kLanes * ops_->entry_bytes;
  return &group.weights[row0 / rows_ * block_rows() * row_bytes];
}

/// Calls add(first row, map) for what shares one Acc tree, in the order of accumulation.
template <class Add>
void BackwardArray::for_trees(const Input& input, Add add) const {
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    for (int map = 0; map < input.grad_u->maps; ++map) add(row0, map);
  }
}

void BackwardArray::run_lists(const Input& input, std::vector<Cells>& sums) const {
  const std::size_t node_bytes = kMaxBlocks * kLanes * ops_->cell_bytes;
  Cells nodes(std::max<std::size_t>(kBatchBytes, block_rows() * node_bytes));
  ProductTreeArgs args;
  args.products = input.products.data();
  args.joins = input.joins.data();
  args.roots = input.roots.data();
  args.fits = fits(input);
  args.nodes = nodes.data();
  const std::size_t outputs = input.region.area();
  const std::uint32_t* end = input.ends.data();
  std::uint32_t begin = 0;
  for_trees(input, [&](int row0, int map) {
    args.batches = &input.batches[begin];
    args.count = static_cast<int>(*end - begin);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      args.blocks = groups_[g].blocks;
      args.rows = weights(groups_[g], row0);
      args.sums = &sums[g][map * outputs * args.blocks * kLanes * ops_->cell_bytes];
      ops_->product_trees(args);
    }
    begin = *end++;
  });
}

void BackwardArray::run_windows(const Input& input, std::vector<Cells>& sums) const {
  WindowTreeArgs args;
  args.seen = input.seen.data();
  args.tap_words = tap_words();
  args.places = input.place.data();
  args.taps = above_.taps();
  args.row_pitch = 1 << row_bits();
  args.outputs = input.region.area();
  args.fits = fits(input);
  for_trees(input, [&](int row0, int map) {
    const std::vector<const float*> grad = factors(input, map, row0);
    args.factors = grad.data();
    args.rows = std::min(rows_, above_.cout - row0);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      args.blocks = groups_[g].blocks;
      args.weights = weights(groups_[g], row0);
      args.sums = &sums[g][static_cast<std::size_t>(map) * args.outputs * args.blocks * kLanes *
                           ops_->cell_bytes];
      ops_->window_trees(args);
    }
    args.seen += static_cast<std::size_t>(args.outputs) * args.rows * args.tap_words;
  });
}

void BackwardArray::run_dense(const Input& input, std::vector<Cells>& sums) const {
  const Region reach = input.reach;
  const int pitch = 1 << row_bits();
  std::vector<int> offsets;  // the first place is zero
  for (const int place : input.place) offsets.push_back((place + 1) * pitch);
  AlignedVector<float> packed(static_cast<std::size_t>(reach.area() + 1) * pitch, 0.0F);
  DenseTreeArgs args;
  args.factors = packed.data();
  args.offsets = offsets.data();
  args.row_pitch = pitch;
  args.taps = above_.taps();
  args.outputs = input.region.area();
  for_trees(input, [&](int row0, int map) {
    args.rows = std::min(rows_, above_.cout - row0);
    float* to = packed.data();
    for (const float* values : factors(input, map, row0)) {
      ops_->pack_factors(values, args.rows, to += pitch);
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      args.blocks = groups_[g].blocks;
      args.weights = weights(groups_[g], row0);
      args.sums = &sums[g][static_cast<std::size_t>(map) * args.outputs * args.blocks * kLanes *
                           ops_->cell_bytes];
      ops_->dense_trees(args);
    }
  });
}

void BackwardArray::write_out(const Group& group, const Cells& cells, Region region, ValueMap& sums,
                              int channel0) const {
  const std::size_t lanes = static_cast<std::size_t>(group.blocks) * kLanes;
  const std::size_t used = std::min<std::size_t>(lanes, count_ - group.first);
  AlignedVector<float> row(region.width() * lanes);
  const unsigned char* from = cells.data();
  for (int map = 0; map < sums.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      ops_->read_cells(from, row.data(), row.size());
      from += row.size() * ops_->cell_bytes;
      const float* position = row.data();
      for (int x = region.x0; x < region.x1; ++x, position += lanes) {
        std::copy(position, position + used, sums.at(map, y, x) + channel0 + group.first);
      }
    }
  }
}

}  // namespace h2
