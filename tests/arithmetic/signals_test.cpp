// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/signals/signals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/forward/forward_cycles.h"
#include "modules/h2learn/weight_update/weight_update_cycles.h"
#include "modules/network/tiling.h"
#include "tests/arithmetic/random_case.h"
#include "tests/arithmetic/reference.h"

// The last beats are the sums of the reference; LUT outputs are what the addresses choose; the
// Backward Engine's PEs take what the work model counts.

namespace h2 {
namespace {

const Signal& find(const std::vector<Signal>& signals, const char* name) {
  const auto it =
      std::find_if(signals.begin(), signals.end(), [&](const Signal& s) { return s.name == name; });
  if (it == signals.end()) throw std::out_of_range(name);
  std::size_t count = 1;
  for (const std::size_t n : it->shape) count *= n;
  EXPECT_EQ(it->values.size(), count) << name;
  return *it;
}

struct Case {
  Draw draw;
  Layer layer;
  TileSpec tile;
  int batch = 2, steps;
  std::vector<float> weights;
  BitMap input;
  ValueMap grad_u;
  std::vector<int> tiles;

  explicit Case(std::uint32_t seed, bool conv = false) : draw(seed) {
    const int planes = draw.among<int>({1, 3, 8});
    if (conv || draw.with(0.7)) {
      layer = conv_layer(draw.integer(1, 9), planes, draw.integer(3, 9), draw.integer(3, 9),
                         draw.integer(1, 20), draw.among<int>({1, 3, 5}), draw.integer(1, 2));
      if (draw.with(0.3)) layer = without_padding(layer);
    } else {
      layer = fc_layer(draw.integer(1, 90), planes, draw.integer(1, 20));
    }
    tile = {draw.integer(2, 8), draw.integer(2, 8)};
    steps = draw.integer(1, 12);
    weights = draw.values(layer.weight_count(), 0.5F);
    input = draw.bits(batch * steps, layer.in_h, layer.in_w, layer.cin_star(), 0.3);
    grad_u = draw.map(batch * steps, layer.out_h, layer.out_w, layer.cout, 0.3, 0.01F);
  }
  SignalRange whole(int height, int width, int channels) const {
    SignalRange range{{}, 0, channels};
    for (int i = 0; i < Tiling(height, width, tile).count(); ++i) range.tiles.push_back(i);
    return range;
  }
};

class Signals : public testing::TestWithParam<int> {};

TEST_P(Signals, ForwardEndsInTheReferencesSums) {
  Case c(GetParam());
  const Layer& l = c.layer;
  const auto signals = forward_signals(l, {}, c.tile, c.weights, c.batch, c.input,
                                       c.whole(l.out_h, l.out_w, l.cout));
  const ValueMap sums = reference::forward_sums(l, {}, Numerics::fp16, c.weights, c.input);
  const Signal &at = find(signals, "fe_position"), &psum = find(signals, "fe_psum");
  const Signal &out = find(signals, "fe_lut_out"), &lut = find(signals, "fe_lut");
  const Signal& address = find(signals, "fe_lut_address");
  const std::size_t maps = psum.shape[1], channels = psum.shape[2], beats = psum.shape[3];
  ASSERT_EQ(psum.shape[0], static_cast<std::size_t>(l.out_h * l.out_w));
  for (std::size_t i = 0; i < psum.shape[0] * maps * channels; ++i) {
    const float last = psum.values[(i + 1) * beats - 1];
    const std::size_t p = i / channels / maps;
    const int y = static_cast<int>(at.values[p * 3 + 1]),
              x = static_cast<int>(at.values[p * 3 + 2]);
    const float expected = sums.at(static_cast<int>(i / channels % maps), y, x)[i % channels];
    ASSERT_EQ(last, expected) << i;
  }
  const std::size_t per_channel = lut.shape[1] * lut.shape[2], entries = lut.shape[3];
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const std::size_t leaf = i % per_channel, channel = i / per_channel % channels;
    const auto entry =
        static_cast<std::size_t>(address.values[i / per_channel / channels * per_channel + leaf]);
    ASSERT_EQ(out.values[i], lut.values[(channel * per_channel + leaf) * entries + entry]);
  }
}

TEST_P(Signals, ForwardBeatsTakeTheCyclesOfTheTile) {
  Case c(GetParam());
  const Layer& l = c.layer;
  const ForwardSpec array;
  const Tiling tiling(l.out_h, l.out_w, c.tile);
  const auto signals = forward_signals(l, array, c.tile, c.weights, c.batch, c.input,
                                       c.whole(l.out_h, l.out_w, l.cout));
  const Signal& beat = find(signals, "fe_beat");
  ASSERT_EQ(beat.shape[0], static_cast<std::size_t>(tiling.count()));
  const std::size_t beats = beat.shape[1];
  for (int tile = 0; tile < tiling.count(); ++tile) {
    const float* first = &beat.values[static_cast<std::size_t>(tile) * beats * 4];
    const float* last = first + (beats - 1) * 4;
    const float fill = first[3] - first[2];
    // All beats but the last take as long as the first; the last one may have fewer channels.
    EXPECT_EQ(first[2], 0.0F);
    const Cycles all = l.kind == LayerKind::fc
                           ? forward_fc_chunk(array, 0, l.cin_star(), c.batch, c.steps, false)
                           : forward_conv_chunk(l, array, tiling.tile(tile), 0, l.cin_star(),
                                                c.batch, c.steps, false);
    const auto whole = static_cast<float>(all.array + all.fill);
    EXPECT_EQ(last[3] - fill, whole / static_cast<float>(beats) * static_cast<float>(beats - 1));
    EXPECT_EQ(fill * static_cast<float>(beats), static_cast<float>(all.fill));
  }
}

TEST_P(Signals, EveryOneIsDescribedWithItsAxes) {
  Case c(GetParam());
  const Layer& l = c.layer;
  const BitMap open = c.draw.bits(c.batch * c.steps, l.in_h, l.in_w, l.cin, 0.4);
  auto all = forward_signals(l, {}, c.tile, c.weights, c.batch, c.input,
                             c.whole(l.out_h, l.out_w, l.cout));
  for (const auto& more :
       {backward_signals(l, {}, c.tile, c.weights, c.grad_u, open, c.whole(l.in_h, l.in_w, l.cin)),
        weight_gradient_signals(l, {}, c.tile, c.batch, c.steps, c.input, c.grad_u,
                                c.whole(l.out_h, l.out_w, l.cout), 0, l.cin_star())}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  const auto& kinds = signal_kinds();
  for (const Signal& signal : all) {
    const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const SignalKind& k) { return signal.name == k.name; });
    ASSERT_NE(kind, kinds.end()) << signal.name;
    EXPECT_EQ(kind->axes.size(), signal.shape.size()) << signal.name;
  }
}

TEST_P(Signals, BackwardEndsInTheReferencesSums) {
  Case c(GetParam());
  const Layer& l = c.layer;
  const BitMap open = c.draw.bits(c.batch * c.steps, l.in_h, l.in_w, l.cin, 0.4);
  const auto signals =
      backward_signals(l, {}, c.tile, c.weights, c.grad_u, open, c.whole(l.in_h, l.in_w, l.cin));
  const ValueMap sums = reference::backward_sums(l, {}, Numerics::fp16, c.weights, c.grad_u);
  const Signal &at = find(signals, "be_position"), &psum = find(signals, "be_psum");
  const std::size_t maps = psum.shape[1], channels = psum.shape[2], beats = psum.shape[3];
  ASSERT_EQ(psum.shape[0], static_cast<std::size_t>(l.in_h * l.in_w));
  for (std::size_t i = 0; i < psum.shape[0] * maps * channels; ++i) {
    const std::size_t p = i / channels / maps;
    const int y = static_cast<int>(at.values[p * 3 + 1]),
              x = static_cast<int>(at.values[p * 3 + 2]);
    ASSERT_EQ(psum.values[(i + 1) * beats - 1],
              sums.at(static_cast<int>(i / channels % maps), y, x)[i % channels]);
  }
}

/// Cycles of the longest PE summed over maps, as the tile barrier makes them, and taps taken.
BackwardWork counted(const Layer& l, const BackwardSpec& array, const Signal& pe,
                     const Signal& valid, const Signal& start) {
  BackwardWork work;
  const std::size_t maps = pe.shape[1], channels = pe.shape[2], rows = valid.shape[2];
  for (std::size_t map = 0; map < maps; ++map) {
    std::vector<std::uint64_t> spent(rows * channels * array.group, 0);
    for (std::size_t p = 0; p < pe.shape[0]; ++p)
      for (std::size_t row = 0; row < rows; ++row) {
        const float* ids = &valid.values[((p * maps + map) * rows + row) * l.taps()];
        const auto taps = static_cast<std::uint64_t>(std::count(ids, ids + l.taps(), 1.0F));
        for (std::size_t ch = 0; ch < channels; ++ch) {
          const int who = static_cast<int>(pe.values[(p * maps + map) * channels + ch]);
          const float begin = start.values[((p * maps + map) * channels + ch) * rows + row];
          if (who < 0) {
            EXPECT_EQ(begin, -1.0F);
            continue;
          }
          EXPECT_EQ(begin, static_cast<float>(spent[(row * channels + ch) * array.group + who]));
          spent[(row * channels + ch) * array.group + who] += taps;
          work.executed_macs += taps;
        }
      }
    work.cycles.array += *std::max_element(spent.begin(), spent.end());
  }
  return work;
}

TEST_P(Signals, BackwardPesTakeWhatTheWorkModelCounts) {
  Case c(GetParam(), true);
  const Layer& l = c.layer;
  const BitMap open = c.draw.bits(c.batch * c.steps, l.in_h, l.in_w, l.cin, 0.4);
  BitMap nonzero(c.grad_u.maps, l.out_h, l.out_w, l.cout);
  for (int i = 0; i < static_cast<int>(c.grad_u.values.size()); ++i) {
    const int p = i / l.cout;
    nonzero.set(p / l.out_w / l.out_h, p / l.out_w % l.out_h, p % l.out_w, i % l.cout,
                c.grad_u.values[i] != 0.0F);
  }
  for (const Sparsity sparsity :
       {Sparsity::none, Sparsity::input, Sparsity::output, Sparsity::both}) {
    BackwardSpec array;
    array.sparsity = sparsity;
    array.rows = l.cout;
    array.cols = l.cin;
    BackwardCounter counter(l, array, c.tile);
    const Tiling tiling(l.in_h, l.in_w, c.tile);
    for (int tile = 0; tile < tiling.count(); ++tile) {
      const auto signals =
          backward_signals(l, array, c.tile, c.weights, c.grad_u, open, {{tile}, 0, l.cin});
      counter.outputs(open, tiling.tile(tile), 0, l.cin);
      counter.inputs(nonzero, tiling.tile(tile), 0, l.cout);
      const BackwardWork expected = counter.count();
      const BackwardWork found = counted(l, array, find(signals, "be_pe"),
                                         find(signals, "be_valid_id"), find(signals, "be_start"));
      EXPECT_EQ(found.executed_macs, expected.executed_macs) << static_cast<int>(sparsity);
      EXPECT_EQ(found.cycles.array, expected.cycles.array) << static_cast<int>(sparsity);
    }
  }
}

TEST_P(Signals, WeightGradientEndsInTheReferencesSums) {
  Case c(GetParam());
  const Layer& l = c.layer;
  const auto signals = weight_gradient_signals(l, {}, c.tile, c.batch, c.steps, c.input, c.grad_u,
                                               c.whole(l.out_h, l.out_w, l.cout), 0, l.cin_star());
  const auto expected = reference::weight_gradient(l, {}, c.tile, Numerics::fp16, c.batch, c.steps,
                                                   c.input, c.grad_u);
  const Signal& sum = find(signals, "wue_sum");
  const std::size_t beats = sum.shape[0], taps = sum.shape[3];
  const float* last = &sum.values[(beats - 1) * l.cout * l.cin_star() * taps];
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t row = i / taps;  // [cout][cin]
    float g = 0.0F;
    for (int p = 0; p < l.planes; ++p) {
      const float plane = last[(row * l.planes + p) * taps + i % taps];
      g = round_fp16(g + round_fp16(l.plane_value(p) * plane));
    }
    ASSERT_EQ(g, expected[i]) << i;
  }
  const Signal& order = find(signals, "wue_beat");
  if (l.kind == LayerKind::conv) {
    std::uint64_t cycles = 0;
    const Tiling tiling(l.out_h, l.out_w, c.tile);
    for (int tile = 0; tile < tiling.count(); ++tile) {
      cycles += weight_update_conv_chunk(l, {}, tiling.tile(tile), 0, l.cin_star(), c.batch,
                                         c.steps, false)
                    .array;
    }
    const float first = order.values[4], last_begin = order.values[(beats - 1) * 5 + 4];
    EXPECT_EQ((last_begin - first) * static_cast<float>(beats),
              static_cast<float>(cycles) * static_cast<float>(beats - 1));
  }
  find(signals, "wue_lut");
  find(signals, "wue_lut_out");
  find(signals, "wue_lut_address");
}

TEST_P(Signals, ChosenTilesAndChannelsArePartOfTheWhole) {
  Case c(GetParam());
  const Layer& l = c.layer;
  const int tile = Tiling(l.out_h, l.out_w, c.tile).count() - 1, channel = l.cout - 1;
  const auto whole = weight_gradient_signals(l, {}, c.tile, c.batch, c.steps, c.input, c.grad_u,
                                             c.whole(l.out_h, l.out_w, l.cout), 0, l.cin_star());
  const auto part = weight_gradient_signals(l, {}, c.tile, c.batch, c.steps, c.input, c.grad_u,
                                            {{tile}, channel, 1}, l.cin_star() - 1, 1);
  const Signal &all = find(whole, "wue_sum"), &some = find(part, "wue_sum");
  const std::size_t taps = all.shape[3], per_beat = all.values.size() / all.shape[0];
  ASSERT_EQ(some.values.size(), some.shape[0] * taps);
  for (std::size_t tap = 0; tap < taps; ++tap) {
    EXPECT_EQ(some.values[some.values.size() - taps + tap],
              all.values[all.shape[0] * per_beat - taps + tap]);
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Signals, testing::Range(1, 17));

}  // namespace
}  // namespace h2
