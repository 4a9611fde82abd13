// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/arithmetic/events.h"
#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"
#include "modules/h2learn/backward/backward_array.h"

// What the array needs of grad-u: where it is not zero, and lists of what to compute.

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word
/// Share of non-zeros up to which lists (at 3x3 up to 110 bytes per gradient) beat going through
/// all rows of the windows.
constexpr double kFew = 0.125;

}  // namespace

void BackwardArray::plan_windows(Input& input) const {
  const int k = above_.kernel, s = above_.stride, before = k - 1 - above_.pad;
  const Region region = input.region;
  input.reach = Windows::backward(above_).reach(region, above_.out_h, above_.out_w);
  for (int y = region.y0; y < region.y1; ++y) {
    for (int x = region.x0; x < region.x1; ++x) {
      for (int id = 0; id < k * k; ++id) {
        const int sy = y - before + id / k;  // on the zero-stuffed map
        const int sx = x - before + id % k;
        const bool inside = sy >= 0 && sx >= 0 && sy % s == 0 && sx % s == 0 &&
                            sy / s < above_.out_h && sx / s < above_.out_w;
        const int row = sy / s - input.reach.y0;
        input.place.push_back(inside ? row * input.reach.width() + sx / s - input.reach.x0 : -1);
      }
    }
  }
}

/// Lists what is not zero, by map, place and block of rows.
void BackwardArray::find_factors(Input& input, Factors& factors) const {
  const Region reach = input.reach;
  const int maps = input.grad_u->maps;
  factors.starts.resize(static_cast<std::size_t>(maps) * reach.area() * row_blocks() + 1);
  factors.starts[0] = 0;
  std::uint32_t* starts = factors.starts.data();
  for (int map = 0; map < maps; ++map) {
    for (int y = reach.y0; y < reach.y1; ++y) {
      for (int x = reach.x0; x < reach.x1; ++x, starts += row_blocks()) {
        const std::size_t most = std::size_t{*starts} + above_.cout + kLanes;
        if (factors.list.size() < most) factors.list.resize(2 * most);
        ops_->list_factors(input.grad_u->at(map, y, x), above_.cout, rows_, factors.list.data(),
                           starts, &input.largest);
      }
    }
  }
}

/// Fills `bits`.
void BackwardArray::find_bits(Input& input) const {
  const int words = row_words(), maps = input.grad_u->maps;
  const Region reach = input.reach;
  input.bits.resize(static_cast<std::size_t>(row_blocks()) * maps * reach.area() * words);
  std::uint16_t* bits = input.bits.data();
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    const int rows = std::min(rows_, above_.cout - row0);
    for (int map = 0; map < maps; ++map) {
      for (int y = reach.y0; y < reach.y1; ++y) {
        for (int x = reach.x0; x < reach.x1; ++x, bits += words) {
          ops_->nonzero(input.grad_u->at(map, y, x) + row0, rows, bits);
        }
      }
    }
  }
}

/// The taps of one window with a non-zero gradient, per row; `seen` is zero before.
void BackwardArray::see_window(const int* place, const std::uint16_t* bits, int rows,
                               std::uint16_t* seen) const {
  const int taps = above_.taps(), words = row_words(), parts = tap_words();
  for (int word = 0; word * kWord < rows; ++word) {
    const int used = std::min(kWord, rows - word * kWord);
    for (int id0 = 0; id0 < taps; id0 += 8) {
      std::uint16_t column[8] = {};
      unsigned any = 0;
      for (int i = 0; i < std::min(8, taps - id0); ++i) {
        if (place[id0 + i] >= 0) column[i] = bits[place[id0 + i] * words + word];
        any |= column[i];
      }
      if (any == 0) continue;
      std::uint8_t bytes[kWord];
      gather_bits(column, 8, bytes);
      std::uint16_t* to = seen + word * kWord * parts + id0 / 16;
      for (int row = 0; row < used; ++row, to += parts) {
        *to = static_cast<std::uint16_t>(*to | bytes[row] << id0 % 16);
      }
    }
  }
}

/// Window by window, for one block of rows of one map.
void BackwardArray::see_windows(const Input& input, int map, int row0, std::uint16_t* seen) const {
  const int taps = above_.taps(), rows = std::min(rows_, above_.cout - row0);
  const std::size_t block = static_cast<std::size_t>(row0 / rows_) * input.grad_u->maps + map;
  const std::uint16_t* bits = input.bits.data() + block * input.reach.area() * row_words();
  for (int i = 0; i < input.region.area(); ++i, seen += rows * tap_words()) {
    see_window(&input.place[static_cast<std::size_t>(i) * taps], bits, rows, seen);
  }
}

/// Where the gradients of one block of rows of one map lie, by place.
std::vector<const float*> BackwardArray::factors(const Input& input, int map, int row0) const {
  const Region reach = input.reach;
  std::vector<const float*> grad;
  for (int y = reach.y0; y < reach.y1; ++y) {
    for (int x = reach.x0; x < reach.x1; ++x) grad.push_back(input.grad_u->at(map, y, x) + row0);
  }
  return grad;
}

/// The taps of all windows with a non-zero gradient.
void BackwardArray::see_all(Input& input) const {
  find_bits(input);
  const int maps = input.grad_u->maps;
  const std::size_t block = static_cast<std::size_t>(input.region.area()) * tap_words();
  input.seen.assign(block * maps * above_.cout, 0);
  std::uint16_t* seen = input.seen.data();
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    for (int map = 0; map < maps; ++map) {
      see_windows(input, map, row0, seen);
      seen += block * std::min(rows_, above_.cout - row0);
    }
  }
}

/// Lists the trees of all windows.
void BackwardArray::list_trees(Input& input, const Factors& factors) const {
  const int maps = input.grad_u->maps, blocks = row_blocks();
  const std::size_t outputs = input.region.area(), trees = outputs * maps * blocks;
  const std::size_t most = std::size_t{factors.starts.back()} * above_.taps();
  input.products.resize(most + kLanes);
  input.joins.resize(most + kLanes);
  input.roots.resize(trees);
  input.batches.resize(trees + 1);
  input.batches[0] = TreeBatch();
  std::vector<std::uint32_t> leaves(std::size_t{kLanes} << row_bits(), kNoNode);
  TreeListArgs args;
  args.factors = factors.list.data();
  args.start_pitch = blocks;
  args.places = input.place.data();
  args.taps = above_.taps();
  args.row_bits = row_bits();
  args.outputs = static_cast<int>(outputs);
  args.batch_products = kBatchBytes / (kMaxBlocks * kLanes * static_cast<int>(ops_->cell_bytes));
  args.leaves = leaves.data();
  args.products = input.products.data();
  args.joins = input.joins.data();
  args.roots = input.roots.data();
  args.batches = input.batches.data();
  for (int block = 0; block < blocks; ++block) {
    for (int map = 0; map < maps; ++map) {
      args.starts =
          &factors.starts[static_cast<std::size_t>(map) * input.reach.area() * blocks + block];
      args.batches = ops_->list_trees(args);
      input.ends.push_back(static_cast<std::uint32_t>(args.batches - input.batches.data()));
    }
  }
}

BackwardArray::Input BackwardArray::prepare(const ValueMap& grad_u, Region region) const {
  Input input;
  input.grad_u = &grad_u;
  input.region = region;
  if (fp32_) {
    input.fp32 = fp32_->prepare(grad_u, region);
    return input;
  }
  plan_windows(input);
  Factors factors;
  find_factors(input, factors);
  const double all = static_cast<double>(input.reach.area()) * grad_u.maps * above_.cout;
  if (factors.starts.back() <= kFew * all && block_rows() < kNoNode) {
    list_trees(input, factors);
    return input;
  }
  if (ops_->dense_trees == nullptr) see_all(input);
  return input;
}

}  // namespace h2
