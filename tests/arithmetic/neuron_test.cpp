// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/neuron.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "modules/arithmetic/simd/isa.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/tensor/density.h"
#include "tests/arithmetic/isa_guard.h"
#include "tests/arithmetic/random_case.h"
#include "tests/arithmetic/reference.h"
#include "tests/arithmetic/same_bits.h"

namespace h2 {
namespace {

constexpr int kBatch = 2, kHeight = 5, kWidth = 7;
const NeuronSpec kNeuron{0.3F, 0.45F, -0.1F, 0.9F, 0.7F};

struct Drawn {
  int steps, channels;
  ValueMap sums, spatial;
  reference::Potentials expected;
};

class Neuron : public ::testing::TestWithParam<std::tuple<Numerics, int, int, PoolMode>> {
 protected:
  Numerics numerics() const { return std::get<0>(GetParam()); }
  PoolMode pool() const { return std::get<3>(GetParam()); }
  Drawn drawn(bool is_static) const {
    const int steps = std::get<1>(GetParam()), channels = std::get<2>(GetParam());
    Draw draw(steps * 100 + channels);
    const int maps = kBatch * steps;
    Drawn d{steps, channels, {}, {}, {}};
    d.sums = draw.map(is_static ? kBatch : maps, kHeight, kWidth, channels, 0.9, 2.0F);
    const int shrink = pool() == PoolMode::after_soma ? 2 : 1;
    d.spatial = draw.map(maps, kHeight / shrink, kWidth / shrink, channels, 0.5, 1e-5F);
    d.expected = reference::soma(kNeuron, numerics(), kBatch, steps, d.sums);
    return d;
  }
};

TEST_P(Neuron, SomaMatchesTheReferencePartByPart) {
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    for (const bool is_static : {false, true}) {
      const Drawn d = drawn(is_static);
      const int maps = kBatch * d.steps;
      // In place where there is a sum for every potential.
      ValueMap u = is_static ? ValueMap(maps, kHeight, kWidth, d.channels) : d.sums;
      BitMap spikes(maps, kHeight, kWidth, d.channels), mask = spikes;
      const Tiling tiling(kHeight, kWidth, {3, 3});
      const int cuts[] = {0, std::min(5, d.channels), std::min(18, d.channels), d.channels};
      for (int i = 0; i < 3 * tiling.count(); ++i) {
        soma(kNeuron, numerics(), kBatch, d.steps, is_static ? d.sums : u, tiling.tile(i / 3),
             cuts[i % 3], cuts[i % 3 + 1], u, spikes, mask);
      }
      EXPECT_TRUE(same_bits(u, d.expected.u));
      EXPECT_EQ(spikes.bits, d.expected.spikes.bits);
      EXPECT_EQ(mask.bits, d.expected.mask.bits);
    }
  }
}

TEST_P(Neuron, GradMatchesTheReferenceAndNeedsNoPotentialOutsideTheMask) {
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    const Drawn d = drawn(false);
    const auto& [u, spikes, mask] = d.expected;
    const ValueMap expected =
        reference::grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial, u, spikes, mask);
    ValueMap dropped = u;  // what is left of u after a store that keeps open positions only
    for (std::size_t i = 0; i < dropped.values.size(); ++i) {
      const int c = static_cast<int>(i % d.channels);
      const auto position = static_cast<int>(i / d.channels);
      const bool open = mask.get(position / (kHeight * kWidth), position / kWidth % kHeight,
                                 position % kWidth, c);
      if (!open) dropped.values[i] = std::numeric_limits<float>::quiet_NaN();
    }
    ValueMap grad_u(u.maps, kHeight, kWidth, d.channels);
    BitMap nonzero(u.maps, kHeight, kWidth, d.channels);
    const Tiling tiling(kHeight, kWidth, {3, 3});
    for (int i = 0; i < tiling.count(); ++i) {
      for (int c = 0; c < d.channels; c += kLanes) {
        grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial, dropped, spikes, mask,
             tiling.tile(i), c, std::min(c + kLanes, d.channels), grad_u, nonzero);
      }
    }
    EXPECT_TRUE(same_bits(grad_u, expected));
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
      const auto position = static_cast<int>(i / d.channels);
      const bool set = nonzero.get(position / (kHeight * kWidth), position / kWidth % kHeight,
                                   position % kWidth, static_cast<int>(i % d.channels));
      ASSERT_EQ(set, expected.values[i] != 0.0F) << i;
    }
  }
}

TEST_P(Neuron, MaxPoolGivesItsGradientToTheFirstThatFires) {
  if (pool() != PoolMode::after_soma) return;
  const Drawn d = drawn(false);
  const auto& [u, spikes, mask] = d.expected;
  const ValueMap expected = reference::grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial,
                                            u, spikes, mask, true);
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    ValueMap grad_u(u.maps, kHeight, kWidth, d.channels);
    BitMap nonzero(u.maps, kHeight, kWidth, d.channels);
    const Tiling tiling(kHeight, kWidth, {4, 4});
    for (int i = 0; i < tiling.count(); ++i) {
      for (int c = 0; c < d.channels; c += kLanes) {
        grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial, u, spikes, mask,
             tiling.tile(i), c, std::min(c + kLanes, d.channels), grad_u, nonzero, true);
      }
    }
    EXPECT_TRUE(same_bits(grad_u, expected)) << isa_name(isa);
  }
}

TEST_P(Neuron, AFurtherTermOfGradUPassesClosedMasks) {
  if (pool() != PoolMode::none) return;
  const Drawn d = drawn(false);
  const auto& [u, spikes, mask] = d.expected;
  Draw draw(7);
  const ValueMap direct = draw.map(u.maps, kHeight, kWidth, d.channels, 0.5, 1.0F);
  const ValueMap expected = reference::grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial,
                                            u, spikes, mask, false, &direct);
  const Region all{0, kHeight, 0, kWidth};
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    ValueMap grad_u(u.maps, kHeight, kWidth, d.channels), plain = grad_u;
    BitMap nonzero(u.maps, kHeight, kWidth, d.channels), fewer = nonzero;
    grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial, u, spikes, mask, all, 0,
         d.channels, grad_u, nonzero, false, &direct);
    EXPECT_TRUE(same_bits(grad_u, expected)) << isa_name(isa);
    grad(kNeuron, numerics(), pool(), kBatch, d.steps, d.spatial, u, spikes, mask, all, 0,
         d.channels, plain, fewer);
    EXPECT_GE(density_of(nonzero).share(), density_of(fewer).share());
  }
}

TEST_P(Neuron, ResetsAndSurrogatesMatchTheReference) {
  if (pool() == PoolMode::before_soma) return;
  const Drawn d = drawn(false);
  for (const Reset reset : {Reset::hard, Reset::soft, Reset::soft_after_decay, Reset::none}) {
    for (const Surrogate surrogate :
         {Surrogate::rectangle, Surrogate::triangle, Surrogate::atan, Surrogate::fast_sigmoid}) {
      NeuronSpec neuron = kNeuron;
      neuron.reset = reset;
      neuron.surrogate = surrogate;
      const auto [u, spikes, mask] = reference::soma(neuron, numerics(), kBatch, d.steps, d.sums);
      const ValueMap expected =
          reference::grad(neuron, numerics(), pool(), kBatch, d.steps, d.spatial, u, spikes, mask);
      for (const Isa isa : supported_isas()) {
        const IsaGuard guard(isa_name(isa));
        ValueMap own(u.maps, kHeight, kWidth, d.channels), grad_u = own;
        BitMap fired(u.maps, kHeight, kWidth, d.channels), open = fired, nonzero = fired;
        soma(neuron, numerics(), kBatch, d.steps, d.sums, {0, kHeight, 0, kWidth}, 0, d.channels,
             own, fired, open);
        EXPECT_TRUE(same_bits(own, u)) << isa_name(isa);
        EXPECT_EQ(fired.bits, spikes.bits);
        EXPECT_EQ(open.bits, mask.bits);
        grad(neuron, numerics(), pool(), kBatch, d.steps, d.spatial, u, spikes, mask,
             {0, kHeight, 0, kWidth}, 0, d.channels, grad_u, nonzero);
        EXPECT_TRUE(same_bits(grad_u, expected))
            << isa_name(isa) << " " << static_cast<int>(reset) << static_cast<int>(surrogate);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Neuron,
                         ::testing::Combine(::testing::Values(Numerics::fp16, Numerics::fp32),
                                            ::testing::Values(1, 4), ::testing::Values(1, 16, 21),
                                            ::testing::Values(PoolMode::none,
                                                              PoolMode::after_soma)));

TEST(Neuron, MaskIsOpenAndTheThresholdFires) {
  ValueMap sums(1, 1, 4, 1);
  sums.values = {0.0F, 1.0F, 0.5F, 0.99951171875F};
  ValueMap u(1, 1, 4, 1);
  BitMap spikes(1, 1, 4, 1), mask = spikes;
  soma({}, Numerics::fp16, 1, 1, sums, {0, 1, 0, 4}, 0, 1, u, spikes, mask);
  EXPECT_EQ(mask.bits, (std::vector<std::uint16_t>{0, 0, 1, 1}));
  EXPECT_EQ(spikes.bits, (std::vector<std::uint16_t>{0, 1, 1, 1}));
}

TEST(Pooling, TheLargestSpikeIsOneOfFour) {
  Draw draw(10);
  const int channels = 21;
  const BitMap spikes = draw.bits(3, 5, 7, channels, 0.2);
  BitMap pooled(3, 2, 3, channels);
  pool_largest(spikes, {0, 1, 0, 3}, 0, channels, pooled);
  pool_largest(spikes, {1, 2, 0, 3}, 0, 7, pooled);
  pool_largest(spikes, {1, 2, 0, 3}, 7, channels, pooled);
  for (int i = 0; i < 3 * 2 * 3 * channels; ++i) {
    const int c = i % channels, x = i / channels % 3, y = i / channels / 3 % 2;
    const int m = i / channels / 6;
    bool any = false;
    for (int child = 0; child < 4; ++child) {
      any = any || spikes.get(m, 2 * y + child / 2, 2 * x + child % 2, c);
    }
    ASSERT_EQ(pooled.get(m, y, x, c), any) << i;
  }
}

TEST(Pooling, SpikesBecomeThreePlanesOfQuarters) {
  Draw draw(9);
  const int channels = 21;
  const BitMap spikes = draw.bits(3, 5, 7, channels, 0.6);
  BitMap planes(3, 2, 3, 3 * channels);
  pool_spikes(spikes, {0, 1, 0, 3}, 0, channels, planes);
  pool_spikes(spikes, {1, 2, 0, 3}, 0, 7, planes);
  pool_spikes(spikes, {1, 2, 0, 3}, 7, channels, planes);
  for (int i = 0; i < 3 * 2 * 3 * channels; ++i) {
    const int c = i % channels, x = i / channels % 3, y = i / channels / 3 % 2;
    const int m = i / channels / 6;
    int count = 0;
    for (int child = 0; child < 4; ++child) {
      count += spikes.get(m, 2 * y + child / 2, 2 * x + child % 2, c) ? 1 : 0;
    }
    int value = 0;
    for (int p = 0; p < 3; ++p) value += planes.get(m, y, x, c * 3 + p) << p;
    ASSERT_EQ(value, count);
  }
}

TEST(Pooling, PotentialsAddPairwiseAndRoundBeforeTheQuarter) {
  // 2048 + 1 rounds to 2048 in FP16, so the order shows: (2048+1)+(1+1) = 2050.
  ValueMap sums(1, 2, 3, 2);
  sums.values = {2048, 1, 1, 1, 9, 9, 1, 1, 1, 1, 9, 9};
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    ValueMap half(1, 1, 1, 2), full = half;
    pool_potentials(Numerics::fp16, sums, {0, 1, 0, 1}, 0, 2, half);
    pool_potentials(Numerics::fp32, sums, {0, 1, 0, 1}, 0, 2, full);
    EXPECT_EQ(half.values, (RawVector<float>{512.5F, 1}));
    EXPECT_EQ(full.values, (RawVector<float>{512.75F, 1}));
  }
}

TEST(Pooling, QuartersReachAllChildrenAndNoDroppedPosition) {
  ValueMap pooled(1, 1, 2, 1), conv(1, 3, 5, 1);
  pooled.values = {8, 0x1p-24F};
  std::fill(conv.values.begin(), conv.values.end(), 7.0F);
  spread_quarters(Numerics::fp16, pooled, {0, pooled.height, 0, pooled.width}, conv);
  EXPECT_EQ(conv.values, (RawVector<float>{2, 2, 0, 0, 7, 2, 2, 0, 0, 7, 7, 7, 7, 7, 7}));
}

}  // namespace
}  // namespace h2
