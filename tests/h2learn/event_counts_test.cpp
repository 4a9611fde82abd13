// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/event_counts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/spiking_lookups.h"
#include "tests/h2learn/slow_count.h"

namespace h2 {
namespace {

/// A random layer with their batch, steps and inputs per sub-LUT.
struct RandomLayer {
  Layer layer;
  int batch, steps, inputs;
};

template <class Check>
void for_random_cases(int count, Check check) {
  std::mt19937 random(11);
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < count; ++i) {
    const int planes = std::array<int, 3>{1, 3, 8}[draw(0, 2)];
    Layer layer =
        conv_layer(draw(1, 40), draw(1, 40), draw(3, 19), 2 * draw(0, 3) + 1, draw(1, 2), planes);
    layer.valid = i % 3 == 2 && layer.kernel <= layer.in_h;
    derive_shapes(layer);
    const RandomLayer c{layer, draw(1, 4), draw(1, 12), draw(1, 5)};
    SCOPED_TRACE("case " + std::to_string(i) + ": k " + std::to_string(layer.kernel) + ", stride " +
                 std::to_string(layer.stride) + ", inputs " + std::to_string(c.inputs));
    check(c);
  }
}

/// Entries and additions of sub-LUTs that serve `parts` operands, with `inputs` each but the last.
std::uint64_t entries(std::uint64_t parts, int inputs) {
  const std::uint64_t rest = parts % inputs;
  return (parts / inputs << inputs) + (rest > 0 ? std::uint64_t{1} << rest : 0);
}
std::uint64_t fill_adds(std::uint64_t parts, int inputs) {
  return entries(parts, inputs) - parts - ceil_div(parts, inputs);
}

/// Chunks of a Forward Engine job: 16 output channels { tiles { 64 input channels } }.
EventCounts forward_job(const RandomLayer& c, const ForwardSpec& array) {
  EventCounts sum;
  const Tiling tiles(c.layer.out_h, c.layer.out_w, {8, 8});
  for (int co = 0; co < c.layer.cout; co += array.cols)
    for (int t = 0; t < tiles.count(); ++t)
      for (int ci = 0; ci < c.layer.cin_star(); ci += array.rows) {
        const ChunkPart part{tiles.tile(t),
                             ci,
                             std::min(ci + array.rows, c.layer.cin_star()),
                             std::min(array.cols, c.layer.cout - co),
                             c.batch,
                             c.steps,
                             ci == 0};
        sum += forward_events(c.layer, array, part, 1);
      }
  return sum;
}

TEST(EventCounts, ForwardAddsUpToTheClosedForm) {
  for_random_cases(200, [](const RandomLayer& c) {
    ForwardSpec array;
    array.sub_lut_inputs = c.inputs;
    const Layer& l = c.layer;
    const std::uint64_t vectors = std::uint64_t{1} * c.batch * c.steps;
    const std::uint64_t tiles = ceil_div(l.out_h, 8) * ceil_div(l.out_w, 8);
    const std::uint64_t pairs = std::uint64_t{1} * l.cin_star() * l.cout;
    const std::uint64_t outputs = vectors * l.out_h * l.out_w * l.cout;
    const EventCounts e = forward_job(c, array);
    EXPECT_EQ(e[kLutReads], outputs * l.cin_star() * ceil_div(l.taps(), c.inputs));
    EXPECT_EQ(e[kAccAdds], e[kLutReads]);
    EXPECT_EQ(e[kLutWrites], pairs * tiles * entries(l.taps(), c.inputs));
    EXPECT_EQ(e[kLutFillAdds], pairs * tiles * fill_adds(l.taps(), c.inputs));
    // One count per output channel of every chunk.
    EXPECT_EQ(e[kSpikingAccAdds], tiles * ceil_div(l.cin_star(), array.rows) * l.cout);
    const std::uint64_t rounds =
        ceil_div(l.cin_star(), array.rows) * ceil_div(l.taps(), array.taps());
    EXPECT_EQ(e[kGlbWriteBytes], 2 * outputs * rounds);
    EXPECT_EQ(e[kMacs] + e[kWindowScans] + e[kMaskScans] + e[kGradUpdates], 0U);
    array.lut = false;
    const EventCounts plain = forward_job(c, array);
    EXPECT_EQ(plain[kLutReads] + plain[kLutWrites] + plain[kLutFillAdds], 0U);
    EXPECT_EQ(plain[kAccAdds], outputs * l.cin_star() * l.taps());
  });
}

TEST(EventCounts, WeightGradientAddsUpToTheClosedForm) {
  for_random_cases(200, [](const RandomLayer& c) {
    WeightUpdateSpec array;
    array.sub_lut_inputs = c.inputs;
    const Layer& l = c.layer;
    EventCounts e, plain;
    std::uint64_t tables = 0, written = 0, added = 0, sets = 0, operands = 0;
    const std::uint64_t vectors = std::uint64_t{1} * c.batch * c.steps;
    const Tiling tiles(l.out_h, l.out_w, {8, 8});
    for (int t = 0; t < tiles.count(); ++t) {
      const ChunkPart part{tiles.tile(t), 0, l.cin_star(), l.cout, c.batch, c.steps, t == 0};
      e += weight_gradient_events(l, array, part, 0, t == 0 ? 5 : 0);
      WeightUpdateSpec adders = array;
      adders.lut = false;
      plain += weight_gradient_events(l, adders, part, 0, 0);
      tables += ceil_div(tiles.tile(t).area(), c.inputs);
      written += entries(tiles.tile(t).area(), c.inputs);
      added += fill_adds(tiles.tile(t).area(), c.inputs);
      sets += c.batch * ceil_div(c.steps, 10) * ceil_div(tiles.tile(t).area(), 2 * c.inputs);
      const Region halo = receptive(l, tiles.tile(t));
      operands += ceil_div(vectors * halo.area() * l.cin_star(), 8) +
                  2 * vectors * tiles.tile(t).area() * l.cout;
    }
    const std::uint64_t weights = std::uint64_t{1} * l.cin_star() * l.taps() * l.cout;
    EXPECT_EQ(e[kLutReads], vectors * tables * weights);
    EXPECT_EQ(e[kAccAdds], e[kLutReads] + 5);
    EXPECT_EQ(e[kLutWrites], vectors * l.cout * written);
    EXPECT_EQ(e[kLutFillAdds], vectors * l.cout * added);
    EXPECT_EQ(plain[kAccAdds], vectors * l.out_h * l.out_w * weights);
    EXPECT_EQ(e[kGlbWriteBytes], 2 * weights * sets);
    EXPECT_EQ(e[kGlbReadBytes], operands + 2 * weights * (sets - 1));  // the first reads no sums
  });
}

/// A masked job, chunk by chunk, against the sum over all taps, outputs and masks.
TEST(EventCounts, BackwardCountsWhatTheMasksLeave) {
  for_random_cases(40, [](const RandomLayer& c) {
    const Layer& l = c.layer;
    const auto drawn = [&](int height, int width, int channels, int stream) {
      MaskDraw draw;
      draw.batch = c.batch;
      draw.steps = c.steps;
      draw.height = height;
      draw.width = width;
      draw.channels = channels;
      draw.density = 0.3;
      draw.stream = stream;
      return draw_mask(draw);
    };
    const BitMap open = drawn(l.in_h, l.in_w, l.cin, 1);
    const BitMap nonzero = drawn(l.out_h, l.out_w, l.cout, 2);
    std::uint64_t open_outputs = 0;
    for (const std::uint16_t word : open.bits) open_outputs += count_ones(word);
    const std::uint64_t maps = std::uint64_t{1} * c.batch * c.steps;
    const std::uint64_t all = maps * l.in_h * l.in_w * l.cin;
    for (const Sparsity sparsity :
         {Sparsity::both, Sparsity::output, Sparsity::input, Sparsity::none}) {
      BackwardSpec array;
      array.sparsity = sparsity;
      BackwardCounter counter(l, array, {8, 8});
      EventCounts e;
      std::uint64_t macs = 0;
      const Tiling tiles(l.in_h, l.in_w, {8, 8});
      for (int ci = 0; ci < l.cin; ci += array.cols) {
        for (int t = 0; t < tiles.count(); ++t) {
          const int end = std::min(ci + array.cols, l.cin);
          counter.outputs(open, tiles.tile(t), ci, end);
          for (int co = 0; co < l.cout; co += array.rows) {
            const int last = std::min(co + array.rows, l.cout);
            counter.inputs(nonzero, tiles.tile(t), co, last);
            const BackwardWork work = counter.count();
            macs += work.executed_macs;
            const ChunkPart part{tiles.tile(t), ci, end, last - co, c.batch, c.steps, co == 0};
            const std::uint64_t bits = co == 0 ? maps * tiles.tile(t).area() * (end - ci) : 0;
            e += backward_events(l, array, part, {work.executed_macs, work.open_outputs, bits});
          }
        }
      }
      const bool skips_outputs = sparsity == Sparsity::both || sparsity == Sparsity::output;
      const bool skips_inputs = sparsity == Sparsity::both || sparsity == Sparsity::input;
      const std::uint64_t computed = skips_outputs ? open_outputs : all;
      EXPECT_EQ(e[kMacs], macs);
      EXPECT_EQ(e[kAccAdds], computed * l.cout);
      EXPECT_EQ(e[kMaskScans], skips_outputs ? all : 0);
      EXPECT_EQ(e[kWindowScans], skips_inputs ? computed * l.cout : 0);
      EXPECT_EQ(e[kLutReads] + e[kLutWrites], 0U);
    }
  });
}

/// A look-up after the other, as the engines make them.
std::uint64_t slow_lookups(const RandomLayer& c, const BitMap& spikes, Region tile, bool of_taps,
                           int c0, int c1) {
  const Layer& l = c.layer;
  std::uint64_t sum = 0;
  for (int map = 0; map < spikes.maps; ++map) {
    for (int ci = c0; ci < c1; ++ci) {
      const auto spike = [&](int position, int tap) {
        const int y = (tile.y0 + position / tile.width()) * l.stride + tap / l.kernel - l.pad;
        const int x = (tile.x0 + position % tile.width()) * l.stride + tap % l.kernel - l.pad;
        return y >= 0 && x >= 0 && y < l.in_h && x < l.in_w && spikes.get(map, y, x, ci);
      };
      std::set<std::pair<int, int>> spiking;
      for (int position = 0; position < tile.area(); ++position) {
        for (int tap = 0; tap < l.taps(); ++tap) {
          if (!spike(position, tap)) continue;
          spiking.insert(of_taps ? std::pair(position, tap / c.inputs)
                                 : std::pair(position / c.inputs, tap));
        }
      }
      sum += spiking.size();
    }
  }
  return sum;
}

TEST(SpikingLookups, AreThoseWithASpike) {
  for_random_cases(30, [](const RandomLayer& c) {
    const Layer& l = c.layer;
    MaskDraw draw;
    draw.batch = 1;
    draw.steps = 2;
    draw.height = l.in_h;
    draw.width = l.in_w;
    draw.channels = l.cin_star();
    draw.density = 0.1;
    const BitMap spikes = draw_mask(draw);
    const int half = l.cin_star() / 2;
    for (const bool of_taps : {true, false}) {
      SpikingLookups lookups(
          l, of_taps ? SpikingLookups::Join::taps : SpikingLookups::Join::positions, c.inputs);
      const Tiling tiles(l.out_h, l.out_w, {8, 8});
      for (int t = 0; t < tiles.count(); ++t) {
        const Region tile = tiles.tile(t);
        for (const auto& [c0, c1] : {std::pair(0, half), std::pair(half, l.cin_star())}) {
          if (c0 == c1) continue;
          const std::uint64_t expected = slow_lookups(c, spikes, tile, of_taps, c0, c1);
          EXPECT_EQ(lookups.count(spikes, tile, c0, c1), expected);
          EXPECT_EQ(lookups.count(BitMap{}, tile, c0, c1), expected);  // kept
        }
      }
    }
  });
}

/// The worked numbers of EVENTS.md.
TEST(EventCounts, Conv6) {
  const RandomLayer c{conv_layer(512, 512, 8), 4, 10, 3};
  const EventCounts f = forward_job(c, {});
  EXPECT_EQ(f[kLutReads], 2013265920U);
  EXPECT_EQ(f[kLutWrites], 6291456U);
  EXPECT_EQ(f[kLutFillAdds], 3145728U);
  const ChunkPart part{whole(8, 8), 0, 512, 512, 4, 10, true};
  const EventCounts w = weight_gradient_events(c.layer, {}, part, 0, 0);
  EXPECT_EQ(w[kLutReads], 1509949440U);
  EXPECT_EQ(w[kLutWrites], 5242880U);
  EXPECT_EQ(w[kLutFillAdds], 3604480U);
}

TEST(EventCounts, FullyConnectedLayersFillOneEntryPerWeight) {
  Layer fc;
  fc.kind = LayerKind::fc;
  fc.cin = 300;
  fc.cout = 20;
  const ChunkPart part{{0, 1, 0, 1}, 0, 300, 16, 3, 5, true};
  const EventCounts e = forward_events(fc, {}, part, 7);
  EXPECT_EQ(e[kLutReads], 3U * 5 * 300 * 16);
  EXPECT_EQ(e[kLutWrites], 300U * 16);
  EXPECT_EQ(e[kLutFillAdds], 0U);
  EXPECT_EQ(e[kSpikingAccAdds], 7U * 16);
  // Spikes once, weights once, and two rounds of 192 inputs: the first reads no sums.
  EXPECT_EQ(e[kGlbReadBytes], 15U * 300 / 8 + 1 + 2 * 300 * 16 + 2 * 15 * 16);
  EXPECT_EQ(e[kGlbWriteBytes], 2U * 2 * 15 * 16);
  const EventCounts w = weight_gradient_events(fc, {}, part, 7, 0);
  EXPECT_EQ(w[kLutReads], 3U * 5 * 300 * 16);
  EXPECT_EQ(w[kLutWrites], 3U * 5 * 16);
}

TEST(EventCounts, UnitsBehindTheArrays) {
  EXPECT_EQ(soma_events(80)[kSomaUpdates], 80U);
  EXPECT_EQ(soma_events(80)[kGlbReadBytes], 160U);
  EXPECT_EQ(soma_events(80)[kGlbWriteBytes], 160U + 20);
  EXPECT_EQ(grad_events(80)[kGradUpdates], 80U);
  EXPECT_EQ(grad_events(80)[kGlbReadBytes], 320U + 20);
  EXPECT_EQ(grad_events(80)[kGlbWriteBytes], 160U + 10);
  EXPECT_EQ(grad_events(80)[kSlopeReads], 0U);
  EXPECT_EQ(grad_events(80, Surrogate::atan)[kSlopeReads], 80U);
  EXPECT_EQ(update_events(10, 2)[kWeightDecays], 0U);
  EXPECT_EQ(update_events(10, 2, true)[kWeightDecays], 10U);
  EXPECT_EQ(update_events(10, 2)[kWeightUpdates], 10U);  // Adam: two states
  EXPECT_EQ(update_events(10, 2)[kGlbReadBytes], 10U * (2 + 12));
}

/// Bytes of every engine belong to a tensor, none is counted twice.
TEST(EventCounts, BytesOfTheBufferBelongToTensors) {
  const auto sum = [](const EventCounts::ByTensor& by) {
    return std::accumulate(by.begin(), by.end(), std::uint64_t{0});
  };
  for_random_cases(100, [&](const RandomLayer& c) {
    const ChunkPart part{
        whole(c.layer.out_h, c.layer.out_w), 0, c.layer.cin, c.layer.cout, c.batch, c.steps, false};
    const ChunkPart below{
        whole(c.layer.in_h, c.layer.in_w), 0, c.layer.cin, c.layer.cout, c.batch, c.steps, false};
    const EventCounts all[] = {forward_events(c.layer, {}, part, 0),
                               weight_gradient_events(c.layer, {}, part, 0, 0),
                               backward_events(c.layer, {}, below, {9, 7, 5}),
                               soma_events(17),
                               grad_events(13),
                               update_events(11, 2)};
    EventCounts together;
    for (const EventCounts& e : all) {
      EXPECT_EQ(sum(e.glb_read()), e[kGlbReadBytes]);
      EXPECT_EQ(sum(e.glb_written()), e[kGlbWriteBytes]);
      together += e;
    }
    EXPECT_EQ(sum(together.glb_read()), together[kGlbReadBytes]);
    EXPECT_EQ(together - all[0] - all[1] - all[2] - all[3] - all[4], all[5]);
    const auto weight = static_cast<std::size_t>(TensorKind::weight);
    EXPECT_EQ(all[0].glb_read()[weight], 2U * c.layer.cin * c.layer.cout * c.layer.taps());
    EXPECT_EQ(all[1].glb_read()[weight], 0U);
  });
}

TEST(EventCounts, EveryEventIsDescribedOnce) {
  const auto& kinds = h2learn_events();
  ASSERT_EQ(kinds.size(), static_cast<std::size_t>(kH2LearnEvents));
  ASSERT_LE(kinds.size(), EventCounts::kMost);
  std::set<std::string> keys;
  for (const EventKind& kind : kinds) keys.insert(kind.key);
  EXPECT_EQ(keys.size(), kinds.size());
  EXPECT_STREQ(kinds[kGlbWriteBytes].key, "glb_write_bytes");
  EXPECT_STREQ(kinds[kSpikingAccAdds].key, "spiking_acc_adds");
  EXPECT_STREQ(kinds[kWeightUpdates].key, "weight_updates");
}

}  // namespace
}  // namespace h2
