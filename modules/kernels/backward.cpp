#include "modules/kernels/backward.h"

#include <algorithm>

#include "modules/kernels/bits.h"
#include "modules/kernels/isa.h"

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word
constexpr int kTapWord = 64;

int ceil_div(int a, int b) { return (a + b - 1) / b; }

}  // namespace

struct BackwardKernel::Scratch {
  Region reach;                     ///< positions of grad-u that the region's windows see
  std::vector<int> place;           ///< [position][conv ID]: in `reach`, or -1: outside or stuffed
  std::vector<float> grad;          ///< [place][row] of one map and block of rows
  std::vector<std::uint16_t> bits;  ///< [place][word]: the non-zero ones
  std::vector<std::uint64_t> taps;  ///< [row][tap word] of one window
  std::vector<float> psums;         ///< [map][position][lane]
};

BackwardKernel::BackwardKernel(const Layer& above, const BackwardSpec& array, Numerics numerics)
    : above_(above), rows_(array.rows), core_(&selected_core(numerics)) {}

void BackwardKernel::load(const float* oihw, int ci0, int count) {
  const int k = above_.kernel;
  const int taps = above_.taps();
  count_ = count;
  groups_.clear();
  for (int first = 0; first < count; first += kWindowBlocks * kLanes) {
    Group group;
    group.first = first;
    group.blocks = ceil_div(std::min(count - first, kWindowBlocks * kLanes), kLanes);
    const int lanes = group.blocks * kLanes;
    group.weights.assign(static_cast<std::size_t>(above_.cout) * taps * lanes, 0.0F);
    for (int co = 0; co < above_.cout; ++co) {
      for (int i = 0; i < std::min(lanes, count - first); ++i) {
        const std::size_t ci = ci0 + first + i;
        const float* from = oihw + (static_cast<std::size_t>(co) * above_.cin + ci) * taps;
        float* to = &group.weights[static_cast<std::size_t>(co) * taps * lanes + i];
        // The window slides with the kernel rotated by 180 degrees.
        for (int id = 0; id < k * k; ++id)
          to[static_cast<std::size_t>(id) * lanes] = from[k * k - 1 - id];
      }
    }
    groups_.push_back(std::move(group));
  }
}

void BackwardKernel::plan_windows(Region region, Scratch& scratch) const {
  const int k = above_.kernel;
  const int s = above_.stride;
  const int before = k - 1 - above_.pad;
  Region& reach = scratch.reach;
  reach.y0 = std::max(0, (region.y0 - before) / s);
  reach.y1 = std::min(above_.out_h, (region.y1 - 1 + above_.pad) / s + 1);
  reach.x0 = std::max(0, (region.x0 - before) / s);
  reach.x1 = std::min(above_.out_w, (region.x1 - 1 + above_.pad) / s + 1);
  for (int y = region.y0; y < region.y1; ++y) {
    for (int x = region.x0; x < region.x1; ++x) {
      for (int id = 0; id < k * k; ++id) {
        const int sy = y - before + id / k;  // on the zero-stuffed map
        const int sx = x - before + id % k;
        const bool inside = sy >= 0 && sx >= 0 && sy % s == 0 && sx % s == 0 &&
                            sy / s < above_.out_h && sx / s < above_.out_w;
        const int row = sy / s - reach.y0;
        scratch.place.push_back(inside ? row * reach.width() + sx / s - reach.x0 : -1);
      }
    }
  }
}

/// Brings one block of rows together: the maps' own stride would thrash a level-1 cache.
void BackwardKernel::gather(const ValueMap& grad_u, int map, int row0, int rows,
                            Scratch& scratch) const {
  const Region reach = scratch.reach;
  const int words = ceil_div(rows, kWord);
  scratch.grad.resize(static_cast<std::size_t>(reach.area()) * rows);
  scratch.bits.resize(static_cast<std::size_t>(reach.area()) * words);
  float* grad = scratch.grad.data();
  std::uint16_t* bits = scratch.bits.data();
  for (int y = reach.y0; y < reach.y1; ++y) {
    for (int x = reach.x0; x < reach.x1; ++x, grad += rows, bits += words) {
      const float* from = grad_u.at(map, y, x) + row0;
      std::copy(from, from + rows, grad);
      core_->nonzero(grad, rows, bits);
    }
  }
}

/// Collects the taps of one window that see a non-zero gradient; false if there is none.
bool BackwardKernel::open_window(const int* place, int rows, Scratch& scratch) const {
  const int taps = above_.taps();
  const int words = ceil_div(rows, kWord);
  const int tap_words = ceil_div(taps, kTapWord);
  std::fill(scratch.taps.begin(), scratch.taps.end(), 0);
  bool any = false;
  for (int word = 0; word < words; ++word) {
    const int used = std::min(kWord, rows - word * kWord);
    for (int id0 = 0; id0 < taps; id0 += 8) {
      std::uint16_t seen[8];
      unsigned all = 0;
      const int n = std::min(8, taps - id0);
      for (int i = 0; i < n; ++i) {
        seen[i] = place[id0 + i] < 0 ? 0 : scratch.bits[place[id0 + i] * words + word];
        all |= seen[i];
      }
      if (all == 0) continue;
      any = true;
      std::uint8_t bytes[kWord];
      gather_bits(seen, n, bytes);
      std::uint64_t* to = &scratch.taps[word * kWord * tap_words + id0 / kTapWord];
      for (int c = 0; c < used; ++c) to[c * tap_words] |= std::uint64_t{bytes[c]} << id0 % kTapWord;
    }
  }
  return any;
}

void BackwardKernel::run_group(const Group& group, const ValueMap& grad_u, Region region,
                               Scratch& scratch, ValueMap& sums) const {
  const int lanes = group.blocks * kLanes;
  const std::size_t positions = static_cast<std::size_t>(grad_u.maps) * region.area();
  scratch.psums.assign(positions * lanes, 0.0F);
  WindowArgs args;
  args.taps = scratch.taps.data();
  args.tap_words = ceil_div(above_.taps(), kTapWord);
  args.blocks = group.blocks;
  args.row_stride = static_cast<std::size_t>(above_.taps()) * lanes;
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    args.rows = std::min(rows_, above_.cout - row0);
    args.weights = &group.weights[row0 * args.row_stride];
    args.psum = scratch.psums.data();
    for (int map = 0; map < grad_u.maps; ++map) {
      gather(grad_u, map, row0, args.rows, scratch);
      args.grad = scratch.grad.data();
      args.place = scratch.place.data();
      for (int i = 0; i < region.area(); ++i, args.place += above_.taps(), args.psum += lanes) {
        if (open_window(args.place, args.rows, scratch)) core_->window(args);
      }
    }
  }
  const int used = std::min(lanes, count_ - group.first);
  const float* from = scratch.psums.data();
  for (int map = 0; map < grad_u.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x, from += lanes) {
        std::copy(from, from + used, sums.at(map, y, x) + group.first);
      }
    }
  }
}

void BackwardKernel::run(const ValueMap& grad_u, Region region, ValueMap& sums) const {
  Scratch scratch;
  plan_windows(region, scratch);
  scratch.taps.resize(static_cast<std::size_t>(rows_) * ceil_div(above_.taps(), kTapWord));
  for (const Group& group : groups_) run_group(group, grad_u, region, scratch, sums);
}

}  // namespace h2
