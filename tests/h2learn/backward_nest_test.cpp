// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_nest.h"

#include <gtest/gtest.h>

#include "modules/h2learn/glb_plan.h"

namespace h2 {
namespace {

Layer convolution(int cin, int cout, int side, int stride = 1) {
  Layer l;
  l.kind = LayerKind::conv;
  l.cin = cin;
  l.cout = cout;
  l.kernel = 3;
  l.stride = stride;
  l.in_h = l.in_w = side;
  derive_shapes(l);
  return l;
}

// 256 -> 512 at 14x14: 4 passes of 64 channels, 4 tiles of 7x7, 32 blocks of 16 channels above.
// With its halo a tile reads 8x8 positions; 40 maps; a block takes 85 B per position: 16 values and
// as many bits.
constexpr std::uint64_t kMaps = 40, kPosition = 16 * 2 + 16 / 8;
constexpr std::uint64_t kWindow = 32 * 64 * kMaps * kPosition, kMap = 32 * 196 * kMaps * kPosition;
constexpr std::uint64_t kWeights = 512 * 256 * 9 * 2;

class Fig14 : public ::testing::Test {
 protected:
  const Layer above_ = convolution(256, 512, 14);
  const Machine machine_;
  const BackwardCosts costs_{machine_, above_, 4, 10};
};

TEST_F(Fig14, BytesOfEveryNest) {
  const BackwardNest text;
  EXPECT_TRUE(text.is_text());
  EXPECT_EQ(costs_.gradient_bytes(text), 4 * 4 * kWindow);
  EXPECT_EQ(costs_.weight_bytes(text), 4 * kWeights);
  EXPECT_EQ(costs_.held_bytes(text), 0U);

  const BackwardNest map_stays{false, 512, 0}, half_of_it{false, 256, 0};
  EXPECT_EQ(costs_.gradient_bytes(map_stays), kMap);
  EXPECT_EQ(costs_.held_gradient(map_stays), kMap);
  EXPECT_EQ(costs_.gradient_bytes(half_of_it), kMap / 2 + 4 * 4 * kWindow / 2);

  const BackwardNest pass_stays{false, 0, 512};
  EXPECT_EQ(costs_.weight_bytes(pass_stays), kWeights);
  EXPECT_EQ(costs_.held_weights(pass_stays), kWeights / 4);

  const BackwardNest tile_stays{true, 512, 0}, all_stays{true, 512, 512};
  EXPECT_EQ(costs_.gradient_bytes(tile_stays), 4 * kWindow);
  EXPECT_EQ(costs_.held_gradient(tile_stays), kWindow);
  EXPECT_EQ(costs_.weight_bytes(tile_stays), 4 * kWeights);
  EXPECT_EQ(costs_.weight_bytes(all_stays), kWeights);
  EXPECT_EQ(costs_.held_weights(all_stays), kWeights);
}

/// Against a search over all nests in steps of a block.
TEST_F(Fig14, LeastReadsLeastOfWhatFits) {
  bool tiles = false, passes = false;
  for (std::uint64_t room = 0; room < 16'000'000; room += 97'531) {
    const BackwardNest chosen = costs_.least(room);
    EXPECT_LE(costs_.held_bytes(chosen), room);
    std::uint64_t least = ~std::uint64_t{0};
    for (const bool outermost : {false, true}) {
      for (int g = 0; g <= 512; g += 16) {
        for (int w = 0; w <= 512; w += 16) {
          const BackwardNest nest{outermost, g, w};
          if (costs_.held_bytes(nest) <= room) least = std::min(least, costs_.read_bytes(nest));
        }
      }
    }
    EXPECT_EQ(costs_.read_bytes(chosen), least) << room;
    (chosen.tile_outermost ? tiles : passes) = true;
  }
  EXPECT_TRUE(tiles && passes);
  EXPECT_TRUE(costs_.least(0).is_text());
  EXPECT_EQ(text_of(costs_.least(0), above_), "pass outermost");
  EXPECT_EQ(text_of({true, 512, 16}, above_),
            "tile outermost, grad-u of 512 and weights of 16 of 512 channels stay");
}

TEST_F(Fig14, AFreeHaloIsKeptForAPass) {
  Machine machine;
  machine.halo = Halo::free;
  const BackwardCosts costs(machine, above_, 4, 10);
  EXPECT_EQ(costs.gradient_bytes({}), 4 * kMap);
  EXPECT_FALSE(costs.least(4'000'000).tile_outermost);
}

/// What stays and the chunks under way fit the buffer; with one partial sum more stays.
TEST(BackwardNest, ThePlanFillsTheBuffer) {
  const Network network = parse_network("256C3-512C3", {256, 14, 14}, 10, PoolMode::after_soma);
  Machine machine;
  EXPECT_TRUE(plan_glb(machine, network, 4).backward_nest[1].is_text());
  machine.backward_order = BackwardOrder::automatic;
  const BackwardCosts costs(machine, network.layers[1], 4, 10);
  std::uint64_t before = costs.read_bytes({});
  for (const int copies : {4, 1}) {
    machine.psum_copies = copies;
    const GlbPlan plan = plan_glb(machine, network, 4);
    EXPECT_FALSE(plan.backward_nest[1].is_text());
    EXPECT_LE(plan.backward_bytes[1], machine.glb.backward);
    EXPECT_EQ(plan.backward_bytes[1], plan.backward.total());
    const std::uint64_t bytes = costs.read_bytes(plan.backward_nest[1]);
    EXPECT_LT(bytes, before);
    before = bytes;
  }
}

}  // namespace
}  // namespace h2
