#include "modules/kernels/fp32_weight_gradient.h"

#include <algorithm>

#include "modules/kernels/events.h"
#include "modules/kernels/isa.h"

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word
/// A term per gradient costs this many times as much as one per spike, for the same lanes
/// (measured, AVX2).
constexpr double kGradientCost = 1.0;
/// Gradients of several maps, side by side for one block of lanes, stay in a level-2 cache.
constexpr std::size_t kRowBytes = 256 << 10;

}  // namespace

/// One call of run().
struct Fp32WeightGradient::Job {
  int batch, steps;
  const BitMap& input;
  const ValueMap& grad_u;
  int co0, co_count;
  int c0, channels;  ///< input channels*
  float* oihw;

  int maps() const { return batch * steps; }
  /// The map of spikes that belongs to a map of gradients.
  int input_map(int map) const { return input.maps == batch ? map / steps : map; }
};

Fp32WeightGradient::Fp32WeightGradient(const Layer& layer)
    : layer_(layer),
      core_(&selected_core(Numerics::fp32)),
      margin_((layer.kernel - 1) / layer.stride + 1),
      rows_(layer.out_h + 2 * margin_),
      columns_(layer.out_w + 2 * margin_) {}

void Fp32WeightGradient::run(int batch, int steps, const BitMap& input, const ValueMap& grad_u,
                             int co0, int co_count, int ci0, int ci_count, float* oihw) const {
  const Job job{
      batch, steps, input, grad_u, co0, co_count, ci0 * layer_.planes, ci_count * layer_.planes,
      oihw};
  if (kGradientCost * density(grad_u, co0, co_count) <= density(input)) {
    by_gradients(job);
  } else {
    by_spikes(job);
  }
}

/// Weights of one output channel, [channel][tap], from its sums.
void Fp32WeightGradient::write_out(const Job& job, int co, const float* sums,
                                   std::size_t channel_stride, std::size_t tap_stride) const {
  const int taps = layer_.taps(), planes = layer_.planes;
  float* to = job.oihw + (static_cast<std::size_t>(co) * layer_.cin +
                          static_cast<std::size_t>(job.c0 / planes)) *
                             taps;
  for (int c = 0; c < job.channels; c += planes, sums += planes * channel_stride) {
    const float* from = sums;
    for (int tap = 0; tap < taps; ++tap, from += tap_stride) {
      float sum = from[0];
      for (int p = 1; p < planes; ++p) sum += static_cast<float>(1 << p) * from[p * channel_stride];
      *to++ = planes > 1 ? sum * layer_.plane_scale() : sum;
    }
  }
}

/// Per output channel its non-zero gradients; row: first spike word under the top left tap.
std::vector<std::vector<Term>> Fp32WeightGradient::gradient_events(const Job& job, int width,
                                                                   int words) const {
  std::vector<std::vector<Term>> events(job.co_count);
  std::vector<std::uint16_t> bits((job.co_count + kWord - 1) / kWord);
  const int height = job.input.height + 2 * layer_.pad;
  for (int map = 0; map < job.maps(); ++map) {
    for (int y = 0; y < layer_.out_h; ++y) {
      for (int x = 0; x < layer_.out_w; ++x) {
        const float* values = job.grad_u.at(map, y, x) + job.co0;
        const std::size_t row =
            (static_cast<std::size_t>(job.input_map(map)) * height + y * layer_.stride) * width +
            x * layer_.stride;
        core_->nonzero(values, job.co_count, bits.data());
        for (std::size_t w = 0; w < bits.size(); ++w) {
          for (unsigned rest = bits[w]; rest != 0; rest &= rest - 1) {
            const int co = static_cast<int>(w) * kWord + __builtin_ctz(rest);
            events[co].push_back({static_cast<std::uint32_t>(row * words), values[co]});
          }
        }
      }
    }
  }
  return events;
}

/// Lanes are input channels*: each gradient is added where a spike is.
void Fp32WeightGradient::by_gradients(const Job& job) const {
  const int words = (job.channels + kWord - 1) / kWord;
  const int width = job.input.width + 2 * layer_.pad;
  const std::vector<std::uint16_t> spikes =
      padded_words(job.input, job.c0, job.channels, layer_.pad);
  const std::vector<std::vector<Term>> events = gradient_events(job, width, words);
  const int taps = layer_.taps();
  const std::size_t lanes = static_cast<std::size_t>(words) * kWord;
  std::vector<float> sums(taps * lanes);
  SelectSumArgs args;
  for (int co = 0; co < job.co_count; ++co) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    args.terms = events[co].data();
    args.count = static_cast<int>(events[co].size());
    for (int tap = 0; tap < taps; ++tap) {
      const int at = (tap / layer_.kernel * width + tap % layer_.kernel) * words;
      for (int w = 0; w < words; w += kMaxBlocks) {
        args.blocks = std::min(kMaxBlocks, words - w);
        args.words = spikes.data() + at + w;
        args.sums = &sums[tap * lanes + static_cast<std::size_t>(w) * kWord];
        core_->select_sums(args);
      }
    }
    write_out(job, job.co0 + co, sums.data(), 1, lanes);
  }
}

/// Spikes of one map as padded gradient positions at tap 0, per channel* and, with a stride, per
/// remainder of the position; `slot` counts the maps held at once.
void Fp32WeightGradient::list_by_channel(const Job& job, int map, int slot,
                                         std::vector<std::vector<std::uint32_t>>& lists) const {
  const int s = layer_.stride;
  for (int y = 0; y < job.input.height; ++y) {
    for (int x = 0; x < job.input.width; ++x) {
      const int row = (slot * rows_ + y / s + margin_) * columns_ + x / s + margin_;
      const int remainder = y % s * s + x % s;
      const std::uint16_t* words = job.input.at(job.input_map(map), y, x);
      for (int w = job.c0 / kWord; w * kWord < job.c0 + job.channels; ++w) {
        for (unsigned rest = words[w]; rest != 0; rest &= rest - 1) {
          const int c = w * kWord + __builtin_ctz(rest) - job.c0;
          if (c >= 0 && c < job.channels) {
            lists[static_cast<std::size_t>(c) * s * s + remainder].push_back(row);
          }
        }
      }
    }
  }
}

void Fp32WeightGradient::copy_padded(const Job& job, int map, int co, int lanes,
                                     float* rows) const {
  const int width = (lanes + kLanes - 1) / kLanes * kLanes;
  for (int y = 0; y < layer_.out_h; ++y) {
    for (int x = 0; x < layer_.out_w; ++x) {
      const float* from = job.grad_u.at(map, y, x) + co;
      std::copy(from, from + lanes, rows + ((y + margin_) * columns_ + x + margin_) * width);
    }
  }
}

void Fp32WeightGradient::add_spikes(const Job& job,
                                    const std::vector<std::vector<std::uint32_t>>& lists,
                                    const std::vector<float>& rows, int blocks,
                                    std::vector<float>& sums) const {
  const int s = layer_.stride, k = layer_.kernel, taps = layer_.taps();
  RowSumArgs args;
  args.rows = rows.data();
  args.blocks = blocks;
  args.outputs = 1;
  for (int c = 0; c < job.channels; ++c) {
    args.sums = &sums[static_cast<std::size_t>(c) * taps * blocks * kLanes];
    for (int tap = 0; tap < taps; ++tap) {
      // Output of input y at tap row ky: (y + pad - ky) / stride, where that is whole.
      const int ky = layer_.pad - tap / k, kx = layer_.pad - tap % k;
      const int ry = ((-ky) % s + s) % s, rx = ((-kx) % s + s) % s;
      const auto& list = lists[static_cast<std::size_t>(c) * s * s + ry * s + rx];
      Run run;
      run.end = 1;
      run.shift = (ry + ky) / s * columns_ + (rx + kx) / s;
      const std::uint32_t starts[2] = {0, static_cast<std::uint32_t>(list.size())};
      args.starts = starts;
      args.events = list.data();
      args.runs = &run;
      core_->row_sums(args);
      args.sums += static_cast<std::size_t>(blocks) * kLanes;
    }
  }
}

/// Lanes are output channels: each spike adds the gradients of the outputs that read it.
void Fp32WeightGradient::by_spikes(const Job& job) const {
  const int taps = layer_.taps();
  for (int first = 0; first < job.co_count; first += kMaxBlocks * kLanes) {
    const int lanes = std::min(kMaxBlocks * kLanes, job.co_count - first);
    const int blocks = (lanes + kLanes - 1) / kLanes;
    const std::size_t map_rows = static_cast<std::size_t>(rows_) * columns_ * blocks * kLanes;
    const int at_once = std::max(1, static_cast<int>(kRowBytes / (map_rows * sizeof(float))));
    std::vector<float> rows(map_rows * at_once, 0.0F);
    std::vector<float> sums(static_cast<std::size_t>(job.channels) * taps * blocks * kLanes, 0.0F);
    std::vector<std::vector<std::uint32_t>> lists(static_cast<std::size_t>(job.channels) *
                                                  layer_.stride * layer_.stride);
    for (int map0 = 0; map0 < job.maps(); map0 += at_once) {
      for (auto& list : lists) list.clear();
      for (int map = map0; map < std::min(map0 + at_once, job.maps()); ++map) {
        list_by_channel(job, map, map - map0, lists);
        copy_padded(job, map, job.co0 + first, lanes, &rows[(map - map0) * map_rows]);
      }
      add_spikes(job, lists, rows, blocks, sums);
    }
    const std::size_t tap_sums = static_cast<std::size_t>(blocks) * kLanes;
    for (int lane = 0; lane < lanes; ++lane) {
      write_out(job, job.co0 + first + lane, &sums[lane], taps * tap_sums, tap_sums);
    }
  }
}

}  // namespace h2
