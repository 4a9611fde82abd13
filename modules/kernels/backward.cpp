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
  BitMap nonzero;  ///< of grad-u, at the positions of `at`
  Region at;
  std::vector<const float*> grad;          ///< per conv ID
  std::vector<const std::uint16_t*> bits;  ///< per conv ID, null outside the map
  std::vector<std::uint64_t> taps;         ///< [row][tap word]
  std::vector<float> psums;
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

/// Positions of grad-u that windows of `region` see.
Region BackwardKernel::reach(Region region) const {
  const int before = above_.kernel - 1 - above_.pad;
  const int s = above_.stride;
  return {std::max(0, (region.y0 - before) / s),
          std::min(above_.out_h, (region.y1 - 1 + above_.pad) / s + 1),
          std::max(0, (region.x0 - before) / s),
          std::min(above_.out_w, (region.x1 - 1 + above_.pad) / s + 1)};
}

void BackwardKernel::find_nonzero(const ValueMap& grad_u, Region region, Scratch& scratch) const {
  const Region at = reach(region);
  scratch.at = at;
  scratch.nonzero =
      BitMap(grad_u.maps, std::max(0, at.height()), std::max(0, at.width()), grad_u.channels);
  for (int map = 0; map < grad_u.maps; ++map) {
    for (int y = at.y0; y < at.y1; ++y) {
      for (int x = at.x0; x < at.x1; ++x) {
        core_->nonzero(grad_u.at(map, y, x), grad_u.channels,
                       scratch.nonzero.at(map, y - at.y0, x - at.x0));
      }
    }
  }
}

/// Collects the window of one output for a block of rows; false if it holds zeros only.
bool BackwardKernel::open_window(const ValueMap& grad_u, int map, int y, int x, int row0, int rows,
                                 Scratch& scratch) const {
  const int k = above_.kernel;
  const int taps = k * k;
  const int s = above_.stride;
  for (int id = 0; id < taps; ++id) {
    const int sy = y - (k - 1 - above_.pad) + id / k;  // on the zero-stuffed map
    const int sx = x - (k - 1 - above_.pad) + id % k;
    const bool valid = sy >= 0 && sx >= 0 && sy % s == 0 && sx % s == 0 && sy / s < above_.out_h &&
                       sx / s < above_.out_w;
    scratch.grad[id] = valid ? grad_u.at(map, sy / s, sx / s) + row0 : nullptr;
    scratch.bits[id] =
        valid ? scratch.nonzero.at(map, sy / s - scratch.at.y0, sx / s - scratch.at.x0) : nullptr;
  }
  const int tap_words = ceil_div(taps, kTapWord);
  std::fill(scratch.taps.begin(), scratch.taps.end(), 0);
  bool any = false;
  for (int word = row0 / kWord; word * kWord < row0 + rows; ++word) {
    for (int id0 = 0; id0 < taps; id0 += 8) {
      std::uint16_t words[8];
      unsigned all = 0;
      const int n = std::min(8, taps - id0);
      for (int i = 0; i < n; ++i) {
        words[i] = scratch.bits[id0 + i] == nullptr ? 0 : scratch.bits[id0 + i][word];
        all |= words[i];
      }
      if (all == 0) continue;
      std::uint8_t bytes[kWord];
      gather_bits(words, n, bytes);
      const int end = std::min(kWord, row0 + rows - word * kWord);
      for (int c = std::max(0, row0 - word * kWord); c < end; ++c) {
        const std::size_t row = word * kWord + c - row0;
        const std::uint64_t bits = bytes[c];
        scratch.taps[row * tap_words + id0 / kTapWord] |= bits << (id0 % kTapWord);
        any = any || bits != 0;
      }
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
  args.grad = scratch.grad.data();
  args.taps = scratch.taps.data();
  args.tap_words = ceil_div(above_.taps(), kTapWord);
  args.blocks = group.blocks;
  args.row_stride = static_cast<std::size_t>(above_.taps()) * lanes;
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    args.rows = std::min(rows_, above_.cout - row0);
    args.weights = &group.weights[row0 * args.row_stride];
    args.psum = scratch.psums.data();
    for (int map = 0; map < grad_u.maps; ++map) {
      for (int y = region.y0; y < region.y1; ++y) {
        for (int x = region.x0; x < region.x1; ++x, args.psum += lanes) {
          if (open_window(grad_u, map, y, x, row0, args.rows, scratch)) core_->window(args);
        }
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
  find_nonzero(grad_u, region, scratch);
  scratch.grad.resize(above_.taps());
  scratch.bits.resize(above_.taps());
  scratch.taps.resize(static_cast<std::size_t>(rows_) * ceil_div(above_.taps(), kTapWord));
  for (const Group& group : groups_) run_group(group, grad_u, region, scratch, sums);
}

}  // namespace h2
