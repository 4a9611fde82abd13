// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/weight_update/fp32_weight_gradient.h"

#include <algorithm>
#include <utility>

#include "modules/arithmetic/events.h"
#include "modules/arithmetic/simd/isa.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word
/// A term per gradient costs this many times as much as one per spike, for the same lanes
/// (measured, AVX2).
constexpr double kGradientCost = 1.0;

}  // namespace

Fp32WeightGradient::Fp32WeightGradient(Layer layer)
    : layer_(std::move(layer)), ops_(&selected_ops(Numerics::fp32)) {}

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

/// Weights of output channel co from inputs first..end (of the call, planes joined), from its sums.
void Fp32WeightGradient::write_out(const Job& job, int co, int first, int end, const float* sums,
                                   std::size_t channel_stride, std::size_t tap_stride) const {
  const int taps = layer_.taps(), planes = layer_.planes;
  const std::size_t input = static_cast<std::size_t>(job.c0 / planes) + first;
  float* to = job.oihw + (static_cast<std::size_t>(co) * layer_.cin + input) * taps;
  sums += static_cast<std::size_t>(first) * planes * channel_stride;
  for (int c = first; c < end; ++c, sums += planes * channel_stride) {
    const float* from = sums;
    for (int tap = 0; tap < taps; ++tap, from += tap_stride) {
      float sum = layer_.plane_value(0) * from[0];
      for (int p = 1; p < planes; ++p) sum += layer_.plane_value(p) * from[p * channel_stride];
      *to++ = sum;
    }
  }
}

/// Per output channel its non-zero gradients; row: first spike word under the top left tap.
std::vector<std::vector<Term>> Fp32WeightGradient::gradient_events(const Job& job, int width,
                                                                   int words) const {
  std::vector<std::vector<Term>> events(job.co_count);
  std::vector<std::uint16_t> bits(ceil_div(job.co_count, kWord));
  const int height = job.input.height + 2 * layer_.pad;
  for (int map = 0; map < job.maps(); ++map) {
    for (int y = 0; y < layer_.out_h; ++y) {
      for (int x = 0; x < layer_.out_w; ++x) {
        const float* values = job.grad_u.at(map, y, x) + job.co0;
        const std::size_t row =
            (static_cast<std::size_t>(job.input_map(map)) * height + y * layer_.stride) * width +
            x * layer_.stride;
        ops_->nonzero(values, job.co_count, bits.data());
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
  const int words = ceil_div(job.channels, kWord);
  const int width = job.input.width + 2 * layer_.pad;
  const std::vector<std::uint16_t> spikes =
      padded_words(job.input, job.c0, job.channels, layer_.pad);
  const std::vector<std::vector<Term>> events = gradient_events(job, width, words);
  const std::size_t lanes = static_cast<std::size_t>(words) * kWord;
  AlignedVector<float> sums(layer_.taps() * lanes);
  SelectSumArgs args;
  for (int co = 0; co < job.co_count; ++co) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    args.terms = events[co].data();
    args.count = static_cast<int>(events[co].size());
    select_taps(ops_->select_sums, args, layer_, spikes.data(), width, words, sums.data(),
                sizeof(float));
    write_out(job, job.co0 + co, 0, job.channels / layer_.planes, sums.data(), 1, lanes);
  }
}

}  // namespace h2
