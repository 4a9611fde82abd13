#include "modules/h2learn/backward/backward_array.h"

#include <algorithm>
#include <cstring>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// No product of this size overflows, even of numbers that rounding to FP16 enlarges.
constexpr float kFits = 0x1p15F;
/// Share of non-zeros up to which lists of steps (at 3x3 up to 18 bytes per gradient) beat going
/// through all rows of the windows.
constexpr double kFew = 0.125;

/// The largest magnitude; a NaN is beyond all.
float largest_of(const float* values, std::size_t count, float known) {
  std::int32_t most;
  std::memcpy(&most, &known, sizeof most);
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    most = std::max(most, bits & 0x7FFFFFFF);
  }
  std::memcpy(&known, &most, sizeof known);
  return known;
}

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
  const int taps = above_.taps();
  count_ = count;
  groups_.clear();
  largest_ = 0.0F;
  AlignedVector<float> packed;
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
      // The window slides with the kernel rotated by 180 degrees.
      for (int id = taps - 1; id >= 0; --id, ++from) {
        for (int lane = 0; lane < used; ++lane) to[id * lanes + lane] = from[lane * taps];
      }
    }
    largest_ = largest_of(packed.data(), packed.size(), largest_);
    group.weights.resize(packed.size() * ops_->entry_bytes);
    ops_->store_entries(packed.data(), packed.size() / kLanes, group.weights.data());
    groups_.push_back(std::move(group));
  }
}

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

/// Fills `bits`; returns the share of non-zeros.
double BackwardArray::find_gradients(Input& input) const {
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
          const float* values = input.grad_u->at(map, y, x) + row0;
          ops_->nonzero(values, rows, bits);
          input.largest = largest_of(values, rows, input.largest);
        }
      }
    }
  }
  std::size_t ones = 0;
  for (const std::uint16_t word : input.bits) ones += count_ones(word);
  const double all = static_cast<double>(reach.area()) * maps * above_.cout;
  return all > 0 ? static_cast<double>(ones) / all : 0.0;
}

/// Calls add(first row, map) for what shares one Acc tree, in the order of accumulation.
template <class Add>
void BackwardArray::for_trees(const Input& input, Add add) const {
  for (int row0 = 0; row0 < above_.cout; row0 += rows_) {
    for (int map = 0; map < input.grad_u->maps; ++map) add(row0, map);
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

/// Appends the steps of one block of rows of one map: rows are leaves, taps seen their terms.
void BackwardArray::add_steps(Input& input, int map, int row0, const std::uint16_t* seen) const {
  const int taps = above_.taps(), parts = tap_words(), rows = std::min(rows_, above_.cout - row0);
  const std::vector<const float*> grad = factors(input, map, row0);
  TreeProgram& program = input.program;
  for (int i = 0; i < input.region.area(); ++i) {
    const int* place = &input.place[static_cast<std::size_t>(i) * taps];
    program.reserve(static_cast<std::size_t>(rows) * taps);
    for (int word = 0; word < rows * parts; ++word, ++seen) {
      const int row = word / parts;
      for (unsigned rest = *seen; rest != 0; rest &= rest - 1) {
        const int id = word % parts * 16 + __builtin_ctz(rest);
        if (!program.in_leaf(row)) program.begin_leaf(row);
        program.add_term(row * taps + id, grad[place[id]][row]);
      }
    }
    program.end_tree();
    input.ends.push_back(program.size());
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
  const std::size_t block = static_cast<std::size_t>(region.area()) * tap_words();
  if (find_gradients(input) > kFew) {
    input.seen.assign(block * grad_u.maps * above_.cout, 0);
    std::uint16_t* seen = input.seen.data();
    for_trees(input, [&](int row0, int map) {
      see_windows(input, map, row0, seen);
      seen += block * std::min(rows_, above_.cout - row0);
    });
    return input;
  }
  input.ends.push_back(0);
  std::vector<std::uint16_t> seen;
  for_trees(input, [&](int row0, int map) {
    seen.assign(block * rows_, 0);
    see_windows(input, map, row0, seen.data());
    add_steps(input, map, row0, seen.data());
  });
  return input;
}

void BackwardArray::run(const Input& input, ValueMap& sums, int channel0) const {
  if (fp32_) {
    fp32_->run(input.fp32, sums, channel0);
    return;
  }
  const int maps = input.grad_u->maps;
  std::vector<AlignedVector<float>> psums;
  for (const Group& group : groups_) {
    psums.emplace_back(static_cast<std::size_t>(maps) * input.region.area() * group.blocks *
                       kLanes);
  }
  if (input.ends.empty()) {
    run_windows(input, psums);
  } else {
    run_program(input, psums);
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    write_out(groups_[g], psums[g], input.region, sums, channel0);
  }
}

bool BackwardArray::fits(const Input& input) const { return input.largest * largest_ <= kFits; }

const void* BackwardArray::weights(const Group& group, int row0) const {
  const std::size_t row_lanes = static_cast<std::size_t>(above_.taps()) * group.blocks * kLanes;
  return &group.weights[row0 * row_lanes * ops_->entry_bytes];
}

void BackwardArray::run_program(const Input& input,
                                std::vector<AlignedVector<float>>& psums) const {
  ProductTreeArgs args;
  args.steps = input.program.steps();
  args.ends = input.ends.data();
  args.outputs = input.region.area();
  args.fits = fits(input);
  for_trees(input, [&](int row0, int map) {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      args.blocks = groups_[g].blocks;
      args.rows = weights(groups_[g], row0);
      args.sums = &psums[g][static_cast<std::size_t>(map) * args.outputs * args.blocks * kLanes];
      ops_->product_trees(args);
    }
    args.ends += args.outputs;
  });
}

void BackwardArray::run_windows(const Input& input,
                                std::vector<AlignedVector<float>>& psums) const {
  WindowTreeArgs args;
  args.seen = input.seen.data();
  args.tap_words = tap_words();
  args.places = input.place.data();
  args.taps = above_.taps();
  args.outputs = input.region.area();
  args.fits = fits(input);
  for_trees(input, [&](int row0, int map) {
    const std::vector<const float*> grad = factors(input, map, row0);
    args.factors = grad.data();
    args.rows = std::min(rows_, above_.cout - row0);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      args.blocks = groups_[g].blocks;
      args.weights = weights(groups_[g], row0);
      args.sums = &psums[g][static_cast<std::size_t>(map) * args.outputs * args.blocks * kLanes];
      ops_->window_trees(args);
    }
    args.seen += static_cast<std::size_t>(args.outputs) * args.rows * args.tap_words;
  });
}

void BackwardArray::write_out(const Group& group, const AlignedVector<float>& psums, Region region,
                              ValueMap& sums, int channel0) const {
  const int lanes = group.blocks * kLanes;
  const int used = std::min(lanes, count_ - group.first);
  const float* from = psums.data();
  for (int map = 0; map < sums.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x, from += lanes) {
        std::copy(from, from + used, sums.at(map, y, x) + channel0 + group.first);
      }
    }
  }
}

}  // namespace h2
