// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/backward/backward_cycles.h"
#include "modules/h2learn/forward/forward_cycles.h"
#include "modules/h2learn/peak.h"
#include "modules/h2learn/weight_update/weight_update_cycles.h"
#include "tests/h2learn/slow_count.h"

namespace h2 {
namespace {

constexpr int kBatch = 4;
constexpr int kSteps = 10;

/// Sum over the chunks of a Forward Engine job, as the engine issues them.
Cycles forward_job(const Layer& layer, const ForwardSpec& array, int batch = kBatch,
                   int steps = kSteps) {
  Cycles sum;
  const Tiling tiling(layer.out_h, layer.out_w, {8, 8});
  for (int co = 0; co < layer.cout; co += array.cols) {
    for (int t = 0; t < tiling.count(); ++t) {
      for (int ci = 0; ci < layer.cin_star(); ci += array.rows) {
        const int end = std::min(layer.cin_star(), ci + array.rows);
        sum += forward_conv_chunk(layer, array, tiling.tile(t), ci, end, batch, steps,
                                  end == layer.cin_star());
      }
    }
  }
  return sum;
}

/// The same for the Weight Update Engine, with blocks of `block` input channels*.
Cycles weight_update_job(const Layer& layer, const WeightUpdateSpec& array, int block,
                         int batch = kBatch, int steps = kSteps) {
  Cycles sum;
  const Tiling tiling(layer.out_h, layer.out_w, {8, 8});
  bool first = true;
  for (int co = 0; co < layer.cout; co += array.cols) {
    for (int ci = 0; ci < layer.cin_star(); ci += block) {
      for (int t = 0; t < tiling.count(); ++t) {
        const int end = std::min(layer.cin_star(), ci + block);
        sum += weight_update_conv_chunk(layer, array, tiling.tile(t), ci, end, batch, steps, first);
        first = false;
      }
    }
  }
  return sum;
}

TEST(Peak, DefaultMachineIsThePublishedOne) {
  const Machine machine;
  EXPECT_EQ(spike_operations(machine.forward), 36864);
  EXPECT_EQ(spike_operations(machine.weight_update), 40960);
  EXPECT_EQ(acc_adders(machine.forward), 3072);
  EXPECT_EQ(acc_adders(machine.weight_update), 2560);
  EXPECT_DOUBLE_EQ(peak_tflops(machine), 27.8528);
}

TEST(ForwardCycles, Conv6) {
  const Cycles cycles = forward_job(conv_layer(512, 512, 8), {});
  EXPECT_EQ(cycles.array, 163840U);
  EXPECT_EQ(cycles.fill, 2048U);
  EXPECT_EQ(cycles.drain, 0U);
}

TEST(ForwardCycles, ChunksAddUpToTheClosedForm) {
  for (const int kernel : {1, 3, 5, 7}) {
    for (const int size : {3, 14, 17}) {
      for (const int batch : {1, 4, 6}) {
        const Layer layer = conv_layer(43, 21, size, kernel, 1, 3);
        const Cycles cycles = forward_job(layer, {}, batch, 7);
        const std::uint64_t grid =
            ceil_div(129, 64) * ceil_div(21, 16) * ceil_div(kernel * kernel, 9);
        const std::uint64_t tiles = ceil_div(size, 8) * ceil_div(size, 8);
        EXPECT_EQ(cycles.array, grid * 7 * size * size * ceil_div(batch, 4));
        EXPECT_EQ(cycles.fill, grid * 8 * tiles);
      }
    }
  }
}

TEST(ForwardCycles, PlainAddersHaveNoTablesToFill) {
  ForwardSpec adders;
  adders.lut = false;
  const Layer layer = conv_layer(512, 512, 8);
  EXPECT_EQ(forward_job(layer, adders).total(), 163840U);
}

TEST(ForwardCycles, DoublingADimensionThatDividesHalvesTheCycles) {
  const Layer layer = conv_layer(512, 512, 16);
  const std::uint64_t base = forward_job(layer, {}, 8).array;
  ForwardSpec array;
  array.rows = 128;
  EXPECT_EQ(forward_job(layer, array, 8).array * 2, base);
  array = {};
  array.cols = 32;
  EXPECT_EQ(forward_job(layer, array, 8).array * 2, base);
  array = {};
  array.parallelism = 8;
  array.soma_lanes = 8;
  EXPECT_EQ(forward_job(layer, array, 8).array * 2, base);
}

/// Random layers whose channels the doubled array still divides.
TEST(ForwardCycles, DoublingHalvesForRandomLayers) {
  std::mt19937 random(3);
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < 200; ++i) {
    ForwardSpec array;
    array.rows = 1 << draw(2, 6);
    array.cols = 1 << draw(2, 5);
    array.parallelism = array.soma_lanes = 1 << draw(0, 2);
    const Layer layer =
        conv_layer(2 * array.rows * draw(1, 3), 2 * array.cols * draw(1, 3), draw(4, 20));
    const int batch = 2 * array.parallelism * draw(1, 2), steps = draw(1, 12);
    const std::uint64_t base = forward_job(layer, array, batch, steps).array;
    ForwardSpec rows = array, cols = array, lanes = array;
    rows.rows *= 2;
    cols.cols *= 2;
    lanes.parallelism *= 2;
    for (const ForwardSpec& doubled : {rows, cols, lanes}) {
      EXPECT_EQ(forward_job(layer, doubled, batch, steps).array * 2, base) << i;
    }
  }
}

TEST(ForwardCycles, SlowSomaDrainsAfterTheLastChunkOnly) {
  const Layer layer = conv_layer(128, 16, 8);
  ForwardSpec array;
  array.soma_lanes = 1;
  const Region tile = whole(8, 8);
  EXPECT_EQ(forward_conv_chunk(layer, array, tile, 0, 64, 4, 10, false).drain, 0U);
  EXPECT_EQ(forward_conv_chunk(layer, array, tile, 64, 128, 4, 10, true).drain, 2560U - 640U);
  EXPECT_EQ(forward_fc_chunk(array, 0, 192, 4, 10, true).drain, 40U - 10U);
}

TEST(ForwardCycles, SomaTakesEveryTimestepOfAStaticInput) {
  Layer layer = conv_layer(3, 16, 8, 3, 1, 8);
  layer.encoding = true;
  const Cycles cycles = forward_conv_chunk(layer, {}, whole(8, 8), 0, 24, 4, 1, true, 10);
  EXPECT_EQ(cycles.array, 64U);
  EXPECT_EQ(cycles.drain, 640U - 64U);
}

TEST(ForwardCycles, SomaTakesPooledPotentialsOnceAcrossTileBorders) {
  Layer layer = conv_layer(64, 16, 14);
  layer.pool = PoolMode::before_soma;
  ForwardSpec array;
  array.soma_lanes = 1;
  array.parallelism = 1000;
  std::uint64_t soma = 0;
  const Tiling tiling(14, 14, {8, 8});  // tiles of 7x7
  for (int t = 0; t < 4; ++t) {
    const Cycles cycles = forward_conv_chunk(layer, array, tiling.tile(t), 0, 64, 40, 1, true);
    soma += cycles.array + cycles.drain;
  }
  EXPECT_EQ(soma, 40U * 7 * 7);
}

TEST(ForwardCycles, FullyConnected) {
  // 4608 inputs* on 192 sub-LUTs per column, 40 vectors on 4 lanes.
  EXPECT_EQ(forward_fc_chunk({}, 0, 4608, 4, 10, false).array, 240U);
  EXPECT_EQ(forward_fc_chunk({}, 0, 4608, 4, 10, true).total(), 240U);
  EXPECT_EQ(forward_fc_chunk({}, 0, 193, 3, 3, false).array, 2U * 3);
}

TEST(WeightUpdateCycles, Conv6) {
  const Cycles cycles = weight_update_job(conv_layer(512, 512, 8), {}, 256);
  EXPECT_EQ(cycles.array, 147456U);
  EXPECT_EQ(cycles.fill, 16U);
}

TEST(WeightUpdateCycles, BlocksAddUpToTheClosedForm) {
  for (const int kernel : {1, 3, 5}) {
    for (const int cin : {1, 2, 17, 70}) {
      const Layer layer = conv_layer(cin, 200, 14, kernel);
      // Tiles of 7x7 take ceil(49/8) = 7 sets of tables.
      const std::uint64_t want =
          2 * 2 * 3 * (4 * 7) * std::max<std::uint64_t>(16, ceil_div(kernel * kernel * cin, 4));
      for (const int block : {1, 5, 16, 70}) {
        EXPECT_EQ(weight_update_job(layer, {}, block, 3, 17).array, want) << cin << " " << block;
      }
    }
  }
}

TEST(WeightUpdateCycles, PlainAddersNeitherFillNorWaitForTables) {
  WeightUpdateSpec adders;
  adders.lut = false;
  const Cycles cycles = weight_update_job(conv_layer(2, 128, 8), adders, 2);
  EXPECT_EQ(cycles.total(), 4U * 8 * 5);  // ceil(9*2/4) = 5 instead of 16
}

TEST(WeightUpdateCycles, DoublingADimensionThatDividesHalvesTheCycles) {
  const Layer layer = conv_layer(512, 512, 8);
  const auto array_cycles = [&](const WeightUpdateSpec& array) {
    return weight_update_job(layer, array, 256, kBatch, 20).array;
  };
  const std::uint64_t base = array_cycles({});
  WeightUpdateSpec array;
  array.rows = 20;
  EXPECT_EQ(array_cycles(array) * 2, base);
  array = {};
  array.cols = 256;
  EXPECT_EQ(array_cycles(array) * 2, base);
  array = {};
  array.parallelism = 8;
  EXPECT_EQ(array_cycles(array) * 2, base);
  array = {};
  array.sub_luts = 4;
  EXPECT_EQ(array_cycles(array) * 2, base);
}

TEST(WeightUpdateCycles, DoublingHalvesForRandomLayers) {
  std::mt19937 random(4);
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < 200; ++i) {
    WeightUpdateSpec array;
    array.rows = draw(1, 10);
    array.cols = 1 << draw(3, 7);
    array.parallelism = 1 << draw(0, 2);
    array.lut = false;  // a table fill may be longer than few look-ups
    const Layer layer = conv_layer(16 * draw(1, 8), 2 * array.cols * draw(1, 3), draw(4, 20));
    const int batch = draw(1, 5), steps = 2 * array.rows * draw(1, 2);
    const auto cycles = [&](const WeightUpdateSpec& a) {
      return weight_update_job(layer, a, layer.cin, batch, steps).array;
    };
    WeightUpdateSpec rows = array, cols = array, lanes = array;
    rows.rows *= 2;
    cols.cols *= 2;
    lanes.parallelism *= 2;
    for (const WeightUpdateSpec& doubled : {rows, cols, lanes}) {
      EXPECT_EQ(cycles(doubled) * 2, cycles(array)) << i;
    }
  }
}

TEST(WeightUpdateCycles, FullyConnectedAndUpdate) {
  EXPECT_EQ(weight_update_fc_chunk({}, 0, 512, 4, 10).array, 128U * 2);
  std::uint64_t sum = 0;
  for (int ci = 0; ci < 513; ci += 19) {
    sum += weight_update_fc_chunk({}, ci, ci + 19, 3, 11).array;
  }
  EXPECT_EQ(sum, 2U * 129 * 2);
  EXPECT_EQ(weight_update_step({}, 512 * 512 * 9).array, 18432U);
  EXPECT_EQ(weight_update_step({}, 129).array, 2U);
}

TEST(BackwardCycles, FullyConnectedAndGrad) {
  EXPECT_EQ(backward_fc_chunk({}, 0, 16, 4, 10, false).total(), 10U);
  EXPECT_EQ(backward_fc_chunk({}, 0, 10, 4, 10, true).total(), 10U);
  BackwardSpec array;
  array.grad_lanes = 1;
  EXPECT_EQ(backward_fc_chunk(array, 0, 16, 4, 10, false).drain, 0U);
  EXPECT_EQ(backward_fc_chunk(array, 0, 16, 4, 10, true).drain, 30U);
  EXPECT_EQ(grad_cycles(array, 2560), 2560U);
  EXPECT_EQ(grad_cycles({}, 2561), 641U);
  EXPECT_EQ(grad_drain({}, 2560, 100), 540U);
  EXPECT_EQ(grad_drain({}, 2560, 1000), 0U);
}

}  // namespace
}  // namespace h2
