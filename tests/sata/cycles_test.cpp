// SPDX-License-Identifier: Apache-2.0
// SATA's cycles and published words: worked numbers, and identities of parts and wholes.

#include "modules/sata/cycles.h"

#include <gtest/gtest.h>

#include "modules/sata/words.h"
#include "tests/arithmetic/random_case.h"

namespace h2 {
namespace {

SataSpec array_of(int rows, int cols) {
  SataSpec array;
  array.rows = rows;
  array.cols = cols;
  return array;
}

TEST(SataCycles, WorkedNumbers) {
  constexpr std::uint64_t kWindow = 64 * 3 * 3, kPositions = 30 * 30;
  EXPECT_EQ(sata_step_cycles(array_of(8, 16), 64, kPositions, kWindow), 270295U);
  EXPECT_EQ(sata_step_cycles(array_of(16, 8), 64, kPositions, kWindow), 272687U);
  // (576/16 * 64/8 - 1) * (32 + 8 - 2 + 900) + 15.
  EXPECT_EQ(sata_filter_cycles(array_of(16, 8), 64, kPositions, kWindow), 287U * 938U + 15U);
}

TEST(SataCycles, LayersAreTheFormulas) {
  const SataSpec array;
  Layer l = conv_layer(64, 1, 30, 30, 64, 3, 1);
  EXPECT_EQ(sata_forward_cycles(array, l, 1, 8).array, 8U * 272687U);
  EXPECT_EQ(sata_forward_cycles(array, l, 1, 8).fill, 287U * 938U + 15U);
  EXPECT_EQ(sata_forward_cycles(array, l, 4, 8).array, 4U * 8U * 272687U);
  EXPECT_EQ(sata_forward_cycles(array, l, 4, 8).fill, 287U * 938U + 15U);
  // ceil(576/16) * ceil(64/8) * (8*900 + 22) - 1.
  EXPECT_EQ(sata_weight_gradient_cycles(array, l, 1, 8).total(), 36U * 8U * 7222U - 1U);
  EXPECT_EQ(sata_weight_gradient_cycles(array, l, 3, 8).total(), 3U * (36U * 8U * 7222U - 1U));
  l.cin = 32;  // backward: 64 channels of grad-u make 32
  EXPECT_EQ(sata_backward_cycles(array, l, 1, 1).array, 57U * 4U * (576U + 22U) - 1U);
  const Layer fc = fc_layer(8192, 1, 1024);
  EXPECT_EQ(sata_forward_cycles(array, fc, 1, 1).array, 1U * 128U * (8192U + 22U) - 1U);
  EXPECT_EQ(sata_unit_cycles(array, 129).total(), 2U);
}

TEST(SataCycles, BitPlanesAreInputChannels) {
  const SataSpec array;
  const Layer planes = conv_layer(3, 8, 9, 9, 20, 3, 1),
              channels = conv_layer(24, 1, 9, 9, 20, 3, 1);
  EXPECT_EQ(sata_forward_cycles(array, planes, 2, 3).total(),
            sata_forward_cycles(array, channels, 2, 3).total());
  EXPECT_EQ(sata_weight_gradient_cycles(array, planes, 2, 3).total(),
            sata_weight_gradient_cycles(array, channels, 2, 3).total());
}

TEST(SataCycles, PartsAddUpToTheWhole) {
  for (int n = 0; n < 200; ++n) {
    Draw draw(n);
    const Layer l = conv_layer(draw.integer(1, 600), draw.among<int>({1, 3, 8}),
                               draw.integer(1, 60), draw.integer(1, 60), draw.integer(1, 600),
                               draw.among<int>({1, 3, 5, 7}), draw.integer(1, 2));
    const SataSpec array = array_of(draw.integer(1, 64), draw.integer(1, 64));
    const int batch = draw.integer(1, 8), steps = draw.integer(1, 10);
    const Cycles whole = sata_forward_cycles(array, l, batch, steps);
    const auto pieces = static_cast<std::uint64_t>(l.macs());
    Cycles sum;
    for (std::uint64_t at = 0; at < pieces;) {
      const std::uint64_t end =
          std::min(pieces, at + 1 + static_cast<std::uint64_t>(draw.integer(0, 1 << 30)));
      sum += share_of(whole, at, end, pieces);
      at = end;
    }
    EXPECT_EQ(sum.array, whole.array);
    EXPECT_EQ(sum.fill, whole.fill);
  }
}

/// The network of SATA's energy tool: 32x32 pixels, pooled twice; T = 8.
std::vector<Layer> vgg5() {
  return {conv_layer(3, 1, 32, 32, 64, 3, 1), conv_layer(64, 1, 16, 16, 128, 3, 1),
          conv_layer(128, 1, 16, 16, 128, 3, 1), fc_layer(8192, 1, 1024), fc_layer(1024, 1, 10)};
}

TEST(SataWords, AsPublishedForVgg5) {
  PublishedWords forward, backward, update;
  for (const Layer& l : vgg5()) {
    forward += forward_words(l, 1, 8);
    backward += backward_words(l, 1, 8);
    update += weight_update_words(l, 1, 8);
  }
  EXPECT_EQ(forward.dram, 9709328U);
  EXPECT_EQ(backward.dram, 1087568U);
  EXPECT_EQ(update.dram, 17243520U);
  EXPECT_EQ(forward.glb, 19418656U);
  EXPECT_EQ(backward.glb, 16081136U);
  EXPECT_EQ(update.glb, 156279248U);
}

TEST(SataWords, CountEverySampleAlike) {
  const Layer l = vgg5()[1];
  EXPECT_EQ(forward_words(l, 4, 8).dram, 4 * forward_words(l, 1, 8).dram);
  EXPECT_EQ(backward_words(l, 4, 8).glb, 4 * backward_words(l, 1, 8).glb);
  EXPECT_EQ(weight_update_words(l, 4, 8).pe, 4 * weight_update_words(l, 1, 8).pe);
}

}  // namespace
}  // namespace h2
