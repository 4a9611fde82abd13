// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/spinalflow/filter_rows.h"
#include "modules/spinalflow/spinal_run.h"
#include "tests/spinalflow/dense_model.h"

namespace h2 {
namespace {

const SpinalUnit kUnit;

SpinalLayer conv(int cin, int cout, int size, int ticks, int kernel = 3, int stride = 1) {
  SpinalLayer l;
  l.input = {size, size, cin, ticks};
  l.cout = cout;
  l.kernel_h = l.kernel_w = kernel;
  l.pad = kernel / 2;
  l.stride = stride;
  return l;
}

TEST(SpinalLayer, TwoHundredRandomLayersEqualTheDenseModelAndItsTime) {
  int many_parts = 0, strided = 0, wide = 0, firing = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SpinalCase c = random_spinal_case(seed);
    ASSERT_EQ(refusal(c.layer, kUnit), "") << "seed " << seed;
    SpinalCounts counts;
    const SpineMap out =
        run_layer(c.layer, kUnit, c.neuron, filter_rows(c.layer, kUnit, c.oihw), c.input, counts);
    for (int p = 0; p < out.shape.positions(); ++p) {
      ASSERT_EQ(check_spine(out.shape, p, out.spines[p]), SpineFault::none) << "seed " << seed;
    }
    const std::size_t parts = c.layer.parts(kUnit).size();
    // Sums of earlier parts come first in a tick: another order of events.
    if (c.neuron.fire == SpinalFire::tick || parts == 1) {
      ASSERT_EQ(dense_spikes(out), dense_layer(c)) << "seed " << seed;
    }
    ASSERT_EQ(counts.row_reads, dense_reads(c)) << "seed " << seed;
    std::vector<std::uint64_t> spikes;
    for (const Spine& spine : c.input.spines) spikes.push_back(spine.size());
    ASSERT_EQ(row_reads(c.layer, kUnit, spikes), dense_reads(c)) << "seed " << seed;
    EXPECT_EQ(counts.weight_rows,
              static_cast<std::uint64_t>(c.layer.rows()) * c.layer.tiles(kUnit));
    firing += counts.output_events > 0 ? 1 : 0;
    many_parts += parts > 1 ? 1 : 0;
    strided += c.layer.stride == 2 ? 1 : 0;
    wide += c.layer.cout > 128 ? 1 : 0;
  }
  EXPECT_GT(firing, 150);
  EXPECT_GT(many_parts, 10);
  EXPECT_GT(strided, 40);
  EXPECT_GT(wide, 20);
}

TEST(SpinalLayer, PartsCoverEveryRowOnce) {
  const struct {
    SpinalLayer layer;
    std::size_t parts;
  } cases[] = {{conv(512, 512, 8, 10), 1},  // 4608 rows, as the paper's buffer holds them
               {conv(513, 64, 8, 10), 2},   // 9 rows more
               {conv(1024, 64, 8, 10), 2},
               {conv(5000, 1, 1, 2, 1), 2},  // cut inside one list
               {conv(1, 1, 20, 2, 9), 2}};   // 81 lists, 64 can be merged
  for (const auto& c : cases) {
    const std::vector<RowRange> parts = c.layer.parts(kUnit);
    EXPECT_EQ(parts.size(), c.parts);
    int next = 0;
    for (const RowRange& part : parts) {
      EXPECT_EQ(part.first, next);
      EXPECT_LE(part.count, 4608);
      next += part.count;
      const int middle = c.layer.output().positions() / 2;
      EXPECT_LE(static_cast<int>(c.layer.field(middle, part).size()), kUnit.most_spines());
    }
    EXPECT_EQ(next, c.layer.rows());
  }
}

TEST(SpinalLayer, PooledFieldOfAThreeByThreeKernelFillsTheSpineBuffers) {
  SpinalLayer l = conv(64, 128, 8, 4);
  l.pool = 2;
  EXPECT_EQ(l.field(5, {0, l.rows()}).size(), 16U);
  EXPECT_EQ(l.output().height, 4);
}

/// CIFAR10, layers conv2 to conv6 at T = 10 with 15 % of the neurons firing at a tick.
TEST(SpinalLayer, WorkedNumberOfCifar10) {
  const SpinalLayer layers[] = {conv(64, 128, 32, 10), conv(128, 256, 16, 10),
                                conv(256, 256, 16, 10), conv(256, 512, 8, 10),
                                conv(512, 512, 8, 10)};
  double expected = 0;
  std::uint64_t drawn = 0;
  for (int i = 0; i < 5; ++i) {
    const SpinalLayer& l = layers[i];
    EXPECT_EQ(refusal(l, kUnit), "");
    const std::vector<std::uint64_t> ones(l.input.positions(), 1);
    expected += static_cast<double>(row_reads(l, kUnit, ones)) * l.input.channels * 10 * 0.15;
    const SpineMap spikes = random_spikes(l.input, 0.15, 100 + i);
    std::vector<std::uint64_t> counts;
    for (const Spine& spine : spikes.spines) counts.push_back(spine.size());
    drawn += row_reads(l, kUnit, counts);
  }
  EXPECT_DOUBLE_EQ(expected, 5516160);
  EXPECT_NEAR(static_cast<double>(drawn), expected, 0.01 * expected);
}

TEST(SpinalLayer, RefusalsNameValueAndLimits) {
  const auto refused = [](const SpinalLayer& l) { return refusal(l, kUnit); };
  EXPECT_EQ(refused(conv(8, 1025, 8, 4)), "output channels is 1025: legal are 1 to 1024");
  EXPECT_EQ(refused(conv(8, 8, 8, 257)), "ticks is 257: legal are 1 to 256");
  EXPECT_EQ(refused(conv(8, 8, 8, 4, 3, 3)), "stride is 3: legal are 1 to 2");
  SpinalLayer l = conv(8, 8, 1, 4);
  l.pool = 2;
  EXPECT_EQ(refused(l), "pooling leaves nothing of the map");
  l = conv(8, 8, 20, 4, 9);
  l.pool = 2;
  EXPECT_EQ(refused(l), "lists of a pooled neuron's field is 100: legal are 1 to 64");
  l = conv(100000, 8, 3, 256);
  EXPECT_NE(refused(l).find("may leave 32 bits"), std::string::npos);
  l = conv(8, 8, 2, 4);
  l.kernel_h = 5;
  EXPECT_EQ(refused(l), "the kernel is larger than the padded map");
}

}  // namespace
}  // namespace h2
