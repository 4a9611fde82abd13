// SPDX-License-Identifier: Apache-2.0
// The signals of SATA's array: the last terms are the sums of the reference, every running sum is
// the one before it and one term, folds and cycles fill the closed form.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "modules/arithmetic/fp16.h"
#include "modules/sata/array_signals.h"
#include "modules/sata/cycles.h"
#include "tests/arithmetic/random_case.h"
#include "tests/sata/reference.h"

namespace h2 {
namespace {

const Signal& signal_named(const std::vector<Signal>& signals, const std::string& name) {
  const auto it =
      std::find_if(signals.begin(), signals.end(), [&](const Signal& s) { return s.name == name; });
  if (it == signals.end()) throw std::out_of_range(name);
  std::size_t count = 1;
  for (const std::size_t n : it->shape) count *= n;
  EXPECT_EQ(it->values.size(), count) << name;
  return *it;
}

struct SignalCase {
  Draw draw;
  Layer layer;
  SataSpec array;
  TileSpec tile;
  int batch = 2, steps;
  std::vector<float> weights;
  BitMap input;
  ValueMap grad_u;

  explicit SignalCase(std::uint32_t seed) : draw(seed) {
    const int planes = draw.among<int>({1, 1, 3, 8});
    layer = draw.with(0.7)
                ? conv_layer(draw.integer(1, 6), planes, draw.integer(3, 8), draw.integer(3, 8),
                             draw.integer(1, 20), draw.among<int>({1, 3}), draw.integer(1, 2))
                : fc_layer(draw.integer(1, 40), planes, draw.integer(1, 20));
    array.rows = draw.among<int>({4, 16});
    array.cols = draw.among<int>({3, 8});
    tile = {draw.integer(2, 8), draw.integer(2, 8)};
    steps = draw.integer(1, 4);
    weights = draw.values(layer.weight_count(), 0.5F);
    input = draw.bits(batch * steps, layer.in_h, layer.in_w, layer.cin_star(), 0.3);
    grad_u = draw.map(batch * steps, layer.out_h, layer.out_w, layer.cout, 0.4, 0.01F);
  }
  SignalRange block(int number, int channels, int height, int width) const {
    SignalRange range;
    range.tiles.resize(Tiling(height, width, tile).count());
    std::iota(range.tiles.begin(), range.tiles.end(), 0);
    range.first = number * array.cols;
    range.count = std::min(array.cols, channels - range.first);
    return range;
  }
};

class SataSignals : public ::testing::TestWithParam<int> {};

TEST_P(SataSignals, ForwardEndsInTheReferencesSums) {
  const SignalCase c(GetParam());
  const Layer& l = c.layer;
  const ValueMap sums = sata_reference::forward_sums(l, Numerics::fp16, c.weights, c.input);
  const int last = sata_signal_blocks(c.array, l, true).forward - 1;
  const SignalRange range = c.block(last, l.cout, l.out_h, l.out_w);
  const auto all = sata_forward_signals(l, c.array, c.tile, c.weights, c.input, range);
  const Signal& at = signal_named(all, "sata_forward_position");
  const Signal& total = signal_named(all, "sata_forward_total");
  const Signal& sum = signal_named(all, "sata_forward_sum");
  const Signal& spike = signal_named(all, "sata_forward_spike");
  const Signal& weight = signal_named(all, "sata_forward_weight");
  const std::size_t terms = sum.shape[3], maps = sum.shape[1], channels = sum.shape[2];
  ASSERT_EQ(at.shape[0], static_cast<std::size_t>(l.out_h) * l.out_w);
  for (std::size_t p = 0; p < at.shape[0]; ++p)
    for (std::size_t map = 0; map < maps; ++map)
      for (std::size_t k = 0; k < channels; ++k) {
        const auto y = static_cast<int>(at.values[p * 4 + 1]),
                   x = static_cast<int>(at.values[p * 4 + 2]);
        const std::size_t pe = (p * maps + map) * channels + k;
        ASSERT_EQ(total.values[pe], sums.at(static_cast<int>(map), y, x)[range.first + k]);
        if (l.planes > 1) continue;
        float before = 0;
        for (std::size_t t = 0; t < terms; ++t) {
          const float term =
              spike.values[(p * maps + map) * terms + t] * weight.values[k * terms + t];
          before = round_fp16(before + term);
          ASSERT_EQ(sum.values[pe * terms + t], before);
        }
        ASSERT_EQ(before, total.values[pe]);
      }
}

TEST_P(SataSignals, BackwardEndsInTheReferencesSums) {
  const SignalCase c(GetParam());
  const Layer& l = c.layer;
  const ValueMap sums =
      sata_reference::backward_sums(l, l.in_h, l.in_w, Numerics::fp16, c.weights, c.grad_u);
  EXPECT_EQ(sata_signal_blocks(c.array, l, true).backward, 0);
  const int last = sata_signal_blocks(c.array, l, false).backward - 1;
  const SignalRange range = c.block(last, l.cin, l.in_h, l.in_w);
  const auto all = sata_backward_signals(l, c.array, c.tile, c.weights, c.grad_u, range);
  const Signal& at = signal_named(all, "sata_backward_position");
  const Signal& sum = signal_named(all, "sata_backward_sum");
  const std::size_t terms = sum.shape[3], maps = sum.shape[1], channels = sum.shape[2];
  ASSERT_EQ(at.shape[0], static_cast<std::size_t>(l.in_h) * l.in_w);
  for (std::size_t p = 0; p < at.shape[0]; ++p)
    for (std::size_t map = 0; map < maps; ++map)
      for (std::size_t k = 0; k < channels; ++k) {
        const auto y = static_cast<int>(at.values[p * 4 + 1]),
                   x = static_cast<int>(at.values[p * 4 + 2]);
        const std::size_t end = ((p * maps + map) * channels + k + 1) * terms - 1;
        ASSERT_EQ(sum.values[end], sums.at(static_cast<int>(map), y, x)[range.first + k]);
      }
}

TEST_P(SataSignals, WeightGradientsEndInTheReferencesSums) {
  const SignalCase c(GetParam());
  const Layer& l = c.layer;
  const auto expected =
      sata_reference::weight_gradient(l, Numerics::fp16, c.batch, c.steps, c.input, c.grad_u);
  const int blocks = sata_signal_blocks(c.array, l, false).weight_gradient;
  std::vector<std::vector<std::vector<float>>> sums(  // [sample][channel*, tap][output]
      c.batch,
      std::vector<std::vector<float>>(l.cin_star() * l.taps(), std::vector<float>(l.cout)));
  for (int block = 0; block < blocks; ++block) {
    const auto all =
        sata_weight_gradient_signals(l, c.array, c.batch, c.steps, c.input, c.grad_u, block);
    const Signal& sum = signal_named(all, "sata_weight_gradient_sum");
    const Signal& weight = signal_named(all, "sata_weight_gradient_weight");
    const SataFold fold = sata_fold(c.array, l, block);
    for (std::size_t b = 0; b < sum.shape[0]; ++b)
      for (std::size_t row = 0; row < sum.shape[1]; ++row)
        for (std::size_t column = 0; column < sum.shape[2]; ++column) {
          const std::size_t pe = (b * sum.shape[1] + row) * sum.shape[2] + column;
          const auto star = static_cast<int>(weight.values[row * 3]);
          const auto r = static_cast<int>(weight.values[row * 3 + 1]),
                     s = static_cast<int>(weight.values[row * 3 + 2]);
          sums[b][star * l.taps() + r * l.kernel + s][fold.column + column] =
              sum.values[(pe + 1) * sum.shape[3] - 1];
        }
  }
  for (int k = 0; k < l.cout; ++k)
    for (int i = 0; i < l.cin * l.taps(); ++i) {
      float total = 0;
      for (int b = 0; b < c.batch; ++b) {
        float joined = 0;
        for (int p = 0; p < l.planes; ++p) {
          const int row = (i / l.taps() * l.planes + p) * l.taps() + i % l.taps();
          const float plane = sums[b][row][k];
          joined =
              l.planes == 1 ? plane : round_fp16(joined + round_fp16(plane * l.plane_value(p)));
        }
        total = round_fp16(total + joined);
      }
      ASSERT_EQ(total, expected[static_cast<std::size_t>(k) * l.cin * l.taps() + i]);
    }
}

/// The last PE of the last fold ends with the closed form of a timestep.
TEST_P(SataSignals, FoldsAndCyclesFillTheClosedForm) {
  const SignalCase c(GetParam());
  const Layer& l = c.layer;
  const int terms = l.cin_star() * l.taps();
  const int fold_cycles = terms + c.array.rows + c.array.cols - 2;
  const int last = sata_signal_blocks(c.array, l, true).forward - 1;
  const auto all = sata_forward_signals(l, c.array, c.tile, c.weights, c.input,
                                        c.block(last, l.cout, l.out_h, l.out_w));
  const Signal& start = signal_named(all, "sata_forward_start");
  float fold = 0;
  for (std::size_t i = 0; i < start.values.size(); i += 2) {
    fold = std::max(fold, start.values[i]);
    ASSERT_LT(start.values[i + 1] + static_cast<float>(terms), static_cast<float>(fold_cycles) + 1);
  }
  const auto closed =
      sata_step_cycles(c.array, l.cout, static_cast<std::uint64_t>(l.out_h) * l.out_w, terms);
  EXPECT_EQ((static_cast<std::uint64_t>(fold) + 1) * fold_cycles - 1, closed);
  const int blocks = sata_signal_blocks(c.array, l, false).weight_gradient;
  const auto gradient =
      sata_weight_gradient_signals(l, c.array, c.batch, c.steps, c.input, c.grad_u, blocks - 1);
  const Signal& from = signal_named(gradient, "sata_weight_gradient_start");
  const std::uint64_t depth = static_cast<std::uint64_t>(c.steps) * l.out_h * l.out_w;
  EXPECT_EQ((static_cast<std::uint64_t>(from.values[0]) + 1) *
                    (depth + c.array.rows + c.array.cols - 2) * c.batch -
                c.batch,
            sata_weight_gradient_cycles(c.array, l, c.batch, c.steps).array);
}

TEST_P(SataSignals, TheManifestNamesThemAll) {
  const SignalCase c(GetParam());
  const Layer& l = c.layer;
  auto all = sata_forward_signals(l, c.array, c.tile, c.weights, c.input,
                                  c.block(0, l.cout, l.out_h, l.out_w));
  for (const auto& more :
       {sata_backward_signals(l, c.array, c.tile, c.weights, c.grad_u,
                              c.block(0, l.cin, l.in_h, l.in_w)),
        sata_weight_gradient_signals(l, c.array, c.batch, c.steps, c.input, c.grad_u, 0)}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  EXPECT_EQ(all.size(), sata_signal_kinds().size());
  for (const SignalKind& kind : sata_signal_kinds()) {
    EXPECT_EQ(signal_named(all, kind.name).shape.size(), kind.axes.size()) << kind.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, SataSignals, ::testing::Range(0, 20));

}  // namespace
}  // namespace h2
