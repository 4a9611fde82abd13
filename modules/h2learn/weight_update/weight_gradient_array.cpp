// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/weight_update/weight_gradient_array.h"

#include <algorithm>
#include <string>

#include "modules/arithmetic/events.h"
#include "modules/arithmetic/fp16.h"
#include "modules/arithmetic/simd/isa.h"
#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr int kWord = 16;      // channels in a BitMap word
constexpr int kMaxInputs = 8;  // of a sub-LUT: a table address is one byte
/// Share of non-zero gradients up to which adding them one by one beats the tables (measured,
/// AVX2).
constexpr double kFew = 0.16;

}  // namespace

WeightGradientArray::WeightGradientArray(const Layer& layer, const WeightUpdateSpec& array,
                                         TileSpec tile, Numerics numerics, Evaluation evaluation)
    : layer_(layer),
      rows_(array.rows),
      sub_luts_(array.sub_luts),
      inputs_(layer.kind == LayerKind::fc ? 1 : array.sub_lut_inputs),
      tile_(tile),
      evaluation_(evaluation),
      ops_(&selected_ops(numerics)) {
  if (inputs_ < 1 || inputs_ > kMaxInputs) {
    throw InputError("engines.weight_update.sub_lut_inputs = " + std::to_string(inputs_) +
                     ": legal 1..8");
  }
  if (numerics == Numerics::fp32 && evaluation == Evaluation::fast) fp32_.emplace(layer);
}

/// The loop nest of the definition.
template <class Visit>
void WeightGradientArray::for_groups(int batch, int steps, Visit visit) const {
  std::vector<Source> sources;
  if (layer_.kind == LayerKind::fc) {
    for (int first = 0; first < batch; first += sub_luts_) {
      sources.clear();
      for (int b = first; b < std::min(first + sub_luts_, batch); ++b) {
        sources.push_back({b, 0, 0});
      }
      for (int t = 0; t < steps; t += rows_) {
        visit(sources, t, std::min(rows_, steps - t));
      }
    }
    return;
  }
  const Tiling tiling(layer_.out_h, layer_.out_w, tile_);
  const int positions = sub_luts_ * inputs_;
  for (int sample = 0; sample < batch; ++sample) {
    for (int index = 0; index < tiling.count(); ++index) {
      const Region tile = tiling.tile(index);
      for (int t = 0; t < steps; t += rows_) {
        for (int first = 0; first < tile.area(); first += positions) {
          sources.clear();
          for (int q = first; q < std::min(first + positions, tile.area()); ++q) {
            sources.push_back({sample, tile.y0 + q / tile.width(), tile.x0 + q % tile.width()});
          }
          visit(sources, t, std::min(rows_, steps - t));
        }
      }
    }
  }
}

std::uint64_t WeightGradientArray::run(int batch, int steps, const BitMap& input,
                                       const ValueMap& grad_u, int co0, int co_count, int ci0,
                                       int ci_count, float* oihw) const {
  if (fp32_) {
    fp32_->run(batch, steps, input, grad_u, co0, co_count, ci0, ci_count, oihw);
    return 0;
  }
  Job job;
  job.batch = batch;
  job.steps = steps;
  job.input = &input;
  job.grad_u = &grad_u;
  job.co0 = co0;
  job.co_count = co_count;
  job.c0 = ci0 * layer_.planes;
  job.channels = ci_count * layer_.planes;
  if (evaluation_ == Evaluation::fast && tree_terms() < kNoNode - batch_terms()) {
    find_nonzeros(job);
    std::size_t ones = 0;
    for (const std::uint16_t word : job.nonzeros) ones += count_ones(word);
    const double all = static_cast<double>(grad_u.maps) * grad_u.height * grad_u.width * co_count;
    if (static_cast<double>(ones) <= kFew * all) return by_gradients(job, oihw);
  }
  plan_tables(job);
  for_groups(batch, steps, [&](const std::vector<Source>& sources, int t, int count) {
    run_group(job, sources, t, count);
  });
  return write_out(job, oihw);
}

/// Nodes of as many terms stay in a level-1 cache.
std::size_t WeightGradientArray::batch_terms() const {
  return kBatchBytes / (kMaxBlocks * kLanes * ops_->cell_bytes);
}

void WeightGradientArray::find_nonzeros(Job& job) const {
  const ValueMap& grad_u = *job.grad_u;
  const std::size_t positions =
      static_cast<std::size_t>(grad_u.maps) * grad_u.height * grad_u.width;
  job.nonzeros.resize(positions * job.co_words());
  for (std::size_t i = 0; i < positions; ++i) {
    ops_->nonzero(&grad_u.values[i * grad_u.channels + job.co0], job.co_count,
                  &job.nonzeros[i * job.co_words()]);
  }
}

/// Appends the non-zero gradients of one group to the program of each output channel.
void WeightGradientArray::add_group(const Job& job, const std::vector<Source>& sources, int step0,
                                    int steps, std::vector<TreeProgram>& programs) const {
  const bool is_static = job.input->maps == job.batch;
  const int height = job.input->height + 2 * layer_.pad, width = job.input->width + 2 * layer_.pad;
  const int words = ceil_div(job.channels, kWord);
  const ValueMap& grad_u = *job.grad_u;
  for (int t = 0; t < steps; ++t) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Source& source = sources[i];
      const int map = source.sample * job.steps + step0 + t;
      const float* values = grad_u.at(map, source.y, source.x) + job.co0;
      const std::size_t at =
          (static_cast<std::size_t>(map) * grad_u.height + source.y) * grad_u.width + source.x;
      const std::uint16_t* bits = &job.nonzeros[at * job.co_words()];
      const std::size_t position =
          (static_cast<std::size_t>(is_static ? source.sample : map) * height +
           source.y * layer_.stride) *
              width +
          source.x * layer_.stride;
      const auto leaf = static_cast<std::uint32_t>(t * sub_luts_ + static_cast<int>(i) / inputs_);
      for (std::size_t w = 0; w < job.co_words(); ++w) {
        for (unsigned rest = bits[w]; rest != 0; rest &= rest - 1) {
          const std::size_t co = w * kWord + __builtin_ctz(rest);
          TreeProgram& program = programs[co];
          if (!program.in_leaf(leaf)) program.begin_leaf(leaf);
          program.add_term(static_cast<std::uint32_t>(position * words), values[co]);
        }
      }
    }
  }
  for (TreeProgram& program : programs) program.end_tree(batch_terms());
}

/// Lanes are input channels*: each non-zero gradient is a term where a spike is. Which leaves of a
/// tree exist depends on the output channel alone.
std::uint64_t WeightGradientArray::by_gradients(const Job& job, float* oihw) const {
  std::vector<TreeProgram> programs(job.co_count);
  for_groups(job.batch, job.steps, [&](const std::vector<Source>& sources, int t, int steps) {
    add_group(job, sources, t, steps, programs);
  });
  const std::vector<std::uint16_t> spikes =
      padded_words(*job.input, job.c0, job.channels, layer_.pad);
  const int words = ceil_div(job.channels, kWord);
  const int width = job.input->width + 2 * layer_.pad;
  AlignedVector<float> sums(static_cast<std::size_t>(layer_.taps()) * words * kWord);
  AlignedVector<unsigned char> cells(sums.size() * ops_->cell_bytes);
  AlignedVector<unsigned char> nodes((batch_terms() + tree_terms()) * kMaxBlocks * kLanes *
                                     ops_->cell_bytes);
  std::uint64_t underflows = 0;
  SelectTreeArgs args;
  args.nodes = nodes.data();
  for (int co = 0; co < job.co_count; ++co) {
    TreeProgram& program = programs[co];
    program.end();
    ops_->make_factors(program.terms(), program.size());
    args.terms = program.terms();
    args.joins = program.joins();
    args.roots = program.roots();
    args.count = 1;
    std::fill(cells.begin(), cells.end(), 0);
    // Batch by batch, so that its spikes stay near the processor for all taps.
    for (int batch = 0; batch < program.batch_count(); ++batch) {
      args.batches = program.batches() + batch;
      select_taps(ops_->select_trees, args, layer_, spikes.data(), width, words, cells.data(),
                  ops_->cell_bytes);
    }
    ops_->read_cells(cells.data(), sums.data(), sums.size());
    underflows += write_channel(job, job.co0 + co, sums.data(), oihw);
  }
  return underflows;
}

/// Weights of one output channel from its sums, [tap][channel*].
std::uint64_t WeightGradientArray::write_channel(const Job& job, int co, const float* sums,
                                                 float* oihw) const {
  const int taps = layer_.taps(), planes = layer_.planes, channels = job.channels / planes;
  const std::size_t lanes = ceil_div(job.channels, kWord) * static_cast<std::size_t>(kWord);
  const std::size_t ci0 = job.c0 / planes;
  float* to = oihw + (static_cast<std::size_t>(co) * layer_.cin + ci0) * taps;
  if (planes == 1) {
    if (taps == 1) {
      std::copy(sums, sums + channels, to);
      return 0;
    }
    for (int c = 0; c < channels; ++c) {
      for (int tap = 0; tap < taps; ++tap) *to++ = sums[tap * lanes + c];
    }
    return 0;
  }
  const std::size_t count = ceil_div(static_cast<std::size_t>(channels) * taps, kLanes) * kLanes;
  AlignedVector<float> by_plane(planes * count, 0.0F), row(count);
  for (int p = 0; p < planes; ++p) {
    float* at = &by_plane[p * count];
    for (int c = 0; c < channels; ++c) {
      for (int tap = 0; tap < taps; ++tap) *at++ = sums[tap * lanes + c * planes + p];
    }
  }
  const std::uint64_t underflows = ops_->combine_planes(by_plane.data(), count, planes,
                                                        layer_.plane_value(0), row.data(), count);
  std::copy(row.begin(), row.begin() + channels * taps, to);
  return underflows;
}

void keep_constant_gradient(const Layer& layer, Numerics numerics, int co0, int co1, float* oihw) {
  const int taps = layer.taps(), middle = taps / 2;
  const float factor = 1 / layer.plane_value(layer.planes - 1);  // a power of two
  for (int co = co0; co < co1; ++co) {
    float* gradient = oihw + (static_cast<std::size_t>(co + 1) * layer.cin - 1) * taps;
    float kept = gradient[middle] * factor;
    if (numerics == Numerics::fp16) kept = round_fp16(kept);
    std::fill(gradient, gradient + taps, 0.0F);
    gradient[middle] = kept;
  }
}

}  // namespace h2
