#include "modules/kernels/backward.h"

#include <algorithm>

#include "modules/kernels/bits.h"
#include "modules/kernels/isa.h"

namespace h2 {
namespace {

constexpr int kWord = 16;      // channels in a BitMap word
constexpr int kTapWords = 16;  // of 64 bits: kernels up to 31x31

int ceil_div(int a, int b) { return (a + b - 1) / b; }

/// Share of non-zeros up to which the steps of all windows are kept for every run (at 3x3 18 bytes
/// per gradient); beyond, each run makes them again, which its arithmetic then hides.
constexpr double kKept = 0.125;

}  // namespace

BackwardKernel::BackwardKernel(const Layer& above, const BackwardSpec& array, Numerics numerics)
    : above_(above), rows_(array.rows), core_(&selected_core(numerics)) {
  if (numerics == Numerics::fp32) fp32_.emplace(above);
}

void BackwardKernel::load(const float* oihw, int ci0, int count) {
  if (fp32_) {
    fp32_->load(oihw, ci0, count);
    return;
  }
  const int taps = above_.taps();
  count_ = count;
  groups_.clear();
  std::vector<float> packed;
  for (int first = 0; first < count; first += kMaxBlocks * kLanes) {
    Group group;
    group.first = first;
    const int used = std::min(count - first, kMaxBlocks * kLanes);
    group.blocks = ceil_div(used, kLanes);
    const int lanes = group.blocks * kLanes;
    packed.assign(static_cast<std::size_t>(above_.cout) * taps * lanes, 0.0F);
    for (int co = 0; co < above_.cout; ++co) {
      const float* from = oihw + (static_cast<std::size_t>(co) * above_.cin + ci0 + first) * taps;
      float* to = &packed[static_cast<std::size_t>(co) * taps * lanes];
      for (int lane = 0; lane < used; ++lane) {
        // The window slides with the kernel rotated by 180 degrees.
        for (int id = taps - 1; id >= 0; --id) to[id * lanes + lane] = *from++;
      }
    }
    group.weights.resize(packed.size() * core_->entry_bytes);
    core_->store_entries(packed.data(), packed.size() / kLanes, group.weights.data());
    groups_.push_back(std::move(group));
  }
}

void BackwardKernel::plan_windows(Input& input) const {
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

/// Fills `bits`; returns the share of non-zeros.
double BackwardKernel::find_gradients(Input& input) const {
  const int words = row_words(), maps = input.grad_u->maps;
  const Region reach = input.reach;
  const int blocks = ceil_div(above_.cout, rows_);
  input.bits.resize(static_cast<std::size_t>(blocks) * maps * reach.area() * words);
  std::uint16_t* bits = input.bits.data();
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    const int rows = std::min(rows_, above_.cout - row0);
    for (int map = 0; map < maps; ++map) {
      for (int y = reach.y0; y < reach.y1; ++y) {
        for (int x = reach.x0; x < reach.x1; ++x, bits += words) {
          core_->nonzero(input.grad_u->at(map, y, x) + row0, rows, bits);
        }
      }
    }
  }
  std::size_t ones = 0;
  for (const std::uint16_t word : input.bits) ones += __builtin_popcount(word);
  const double all = static_cast<double>(reach.area()) * maps * above_.cout;
  return all > 0 ? static_cast<double>(ones) / all : 0.0;
}

/// One window: rows are leaves, taps with a non-zero gradient their terms.
void BackwardKernel::add_window(const int* place, const std::uint16_t* bits,
                                const float* const* grad, int rows, TreeProgram& program) const {
  const int taps = above_.taps(), words = row_words(), parts = ceil_div(taps, 64);
  std::uint64_t seen[kTapWords][kWord];  // per row its taps
  for (int word = 0; word * kWord < rows; ++word) {
    std::fill(&seen[0][0], &seen[0][0] + parts * kWord, 0);
    unsigned live = 0;
    for (int id0 = 0; id0 < taps; id0 += 8) {
      std::uint16_t column[8] = {};
      unsigned any = 0;
      for (int i = 0; i < std::min(8, taps - id0); ++i) {
        if (place[id0 + i] >= 0) column[i] = bits[place[id0 + i] * words + word];
        any |= column[i];
      }
      if (any == 0) continue;
      live |= any;
      std::uint8_t bytes[kWord];
      gather_bits(column, 8, bytes);
      for (int row = 0; row < kWord; ++row) {
        seen[id0 / 64][row] |= std::uint64_t{bytes[row]} << id0 % 64;
      }
    }
    for (; live != 0; live &= live - 1) {
      const int bit = __builtin_ctz(live), row = word * kWord + bit;
      program.begin_leaf(row);
      for (int part = 0; part < parts; ++part) {
        for (std::uint64_t rest = seen[part][bit]; rest != 0; rest &= rest - 1) {
          const int id = part * 64 + __builtin_ctzll(rest);
          program.add_term(row * taps + id, grad[place[id]][row]);
        }
      }
    }
  }
  program.end_tree();
}

/// Appends the steps of one block of rows of one map, window by window.
void BackwardKernel::add_windows(const Input& input, int map, int row0, TreeProgram& program,
                                 std::vector<std::uint32_t>& ends) const {
  const Region reach = input.reach;
  const int rows = std::min(rows_, above_.cout - row0), taps = above_.taps();
  const std::size_t block = static_cast<std::size_t>(row0 / rows_) * input.grad_u->maps + map;
  const std::uint16_t* bits = input.bits.data() + block * reach.area() * row_words();
  std::vector<const float*> grad;
  for (int y = reach.y0; y < reach.y1; ++y) {
    for (int x = reach.x0; x < reach.x1; ++x) grad.push_back(input.grad_u->at(map, y, x) + row0);
  }
  for (int i = 0; i < input.region.area(); ++i) {
    program.reserve(static_cast<std::size_t>(rows) * taps);
    add_window(&input.place[static_cast<std::size_t>(i) * taps], bits, grad.data(), rows, program);
    ends.push_back(program.size());
  }
}

BackwardKernel::Input BackwardKernel::prepare(const ValueMap& grad_u, Region region) const {
  Input input;
  input.grad_u = &grad_u;
  input.region = region;
  if (fp32_) {
    input.fp32 = fp32_->prepare(grad_u, region);
    return input;
  }
  plan_windows(input);
  if (find_gradients(input) > kKept) return input;
  input.ends.push_back(0);
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    for (int map = 0; map < grad_u.maps; ++map) {
      add_windows(input, map, row0, input.program, input.ends);
    }
  }
  return input;
}

void BackwardKernel::run(const Input& input, ValueMap& sums) const {
  if (fp32_) {
    fp32_->run(input.fp32, sums);
    return;
  }
  const int maps = input.grad_u->maps, taps = above_.taps();
  std::vector<std::vector<float>> psums;
  for (const Group& group : groups_) {
    psums.emplace_back(static_cast<std::size_t>(maps) * input.region.area() * group.blocks *
                       kLanes);
  }
  TreeProgram program;
  std::vector<std::uint32_t> ends;
  ProductTreeArgs args;
  args.outputs = input.region.area();
  const std::uint32_t* kept = input.ends.empty() ? nullptr : input.ends.data();
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    for (int map = 0; map < maps; ++map) {
      if (kept != nullptr) {
        args.steps = input.program.steps();
        args.ends = kept;
        kept += args.outputs;
      } else {
        program.clear();
        ends.assign(1, 0);
        add_windows(input, map, row0, program, ends);
        args.steps = program.steps();
        args.ends = ends.data();
      }
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        const std::size_t width = static_cast<std::size_t>(groups_[g].blocks) * kLanes;
        args.blocks = groups_[g].blocks;
        args.rows = &groups_[g].weights[row0 * taps * width * core_->entry_bytes];
        args.sums = &psums[g][map * args.outputs * width];
        core_->product_trees(args);
      }
    }
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    write_out(groups_[g], psums[g], input.region, sums);
  }
}

void BackwardKernel::write_out(const Group& group, const std::vector<float>& psums, Region region,
                               ValueMap& sums) const {
  const int lanes = group.blocks * kLanes;
  const int used = std::min(lanes, count_ - group.first);
  const float* from = psums.data();
  for (int map = 0; map < sums.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x, from += lanes) {
        std::copy(from, from + used, sums.at(map, y, x) + group.first);
      }
    }
  }
}

}  // namespace h2
