// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spine.h"

#include <gtest/gtest.h>

#include "modules/spinalflow/min_find.h"
#include "modules/tensor/masks.h"

namespace h2 {
namespace {

const SpineShape kShape{2, 3, 5, 4};

TEST(Spine, EntryIsATickAndANumber) {
  std::uint8_t bytes[kSpineEntryBytes];
  put_spine_entry({0x01020304, 200}, bytes);
  EXPECT_EQ(std::vector<std::uint8_t>(bytes, bytes + 5),
            (std::vector<std::uint8_t>{200, 4, 3, 2, 1}));
  EXPECT_EQ(get_spine_entry(bytes), (SpineEvent{0x01020304, 200}));
}

TEST(Spine, SortsByTickRowColumnChannel) {
  const std::uint32_t row0 = kShape.neuron(2, 4), row1 = kShape.neuron(3, 0);
  EXPECT_LT((SpineEvent{row1, 0}), (SpineEvent{row0, 1}));  // tick first
  EXPECT_LT((SpineEvent{row0, 1}), (SpineEvent{row1, 1}));  // then row
  EXPECT_LT((SpineEvent{kShape.neuron(0, 4), 1}), (SpineEvent{kShape.neuron(1, 0), 1}));  // column
  EXPECT_LT((SpineEvent{kShape.neuron(0, 3), 1}), (SpineEvent{kShape.neuron(0, 4), 1}));  // channel
}

TEST(Spine, FaultsHaveNames) {
  const auto at = [](int channel, int tick) {
    return SpineEvent{kShape.neuron(1, channel), static_cast<std::uint8_t>(tick)};
  };
  EXPECT_EQ(check_spine(kShape, 1, {at(0, 0), at(4, 0), at(0, 3)}), SpineFault::none);
  EXPECT_EQ(check_spine(kShape, 1, {at(4, 0), at(0, 0)}), SpineFault::order);
  EXPECT_EQ(check_spine(kShape, 1, {at(4, 1), at(4, 1)}), SpineFault::order);
  EXPECT_EQ(check_spine(kShape, 1, {at(4, 4)}), SpineFault::tick);
  EXPECT_EQ(check_spine(kShape, 0, {at(0, 0)}), SpineFault::neuron);
  EXPECT_EQ(check_spine(kShape, 1, Spine(21, at(0, 0))), SpineFault::length);
  Spine full;
  for (int t = 0; t < 4; ++t)
    for (int c = 0; c < 5; ++c) full.push_back(at(c, t));
  EXPECT_EQ(check_spine(kShape, 1, full), SpineFault::none);
  for (const SpineFault fault :
       {SpineFault::order, SpineFault::length, SpineFault::tick, SpineFault::neuron}) {
    EXPECT_STRNE(text_of(fault), "");
  }
}

TEST(Spine, BitMapsThereAndBack) {
  MaskDraw draw;
  draw.batch = 3;
  draw.steps = 7;
  draw.height = 5;
  draw.width = 4;
  draw.channels = 37;
  const BitMap bits = draw_mask(draw);
  BitMap back(bits.maps, bits.height, bits.width, bits.channels);
  std::uint64_t spikes = 0;
  for (int sample = 0; sample < draw.batch; ++sample) {
    const SpineMap map = spines_of(bits, draw.steps, sample);
    for (int p = 0; p < map.shape.positions(); ++p) {
      EXPECT_EQ(check_spine(map.shape, p, map.spines[p]), SpineFault::none);
    }
    spikes += map.count();
    set_bits(map, sample, back);
  }
  EXPECT_EQ(bits.bits, back.bits);
  EXPECT_GT(spikes, 0U);
}

TEST(Spine, MinFindTakesTheFirstHead) {
  const std::vector<SpineEvent> heads{{9, 2}, {7, 1}, {8, 1}};
  const auto head = [&](int i) { return &heads[i]; };
  EXPECT_EQ(min_find(3, head), 1);
  EXPECT_EQ(min_find(3, [&](int i) { return i == 1 ? nullptr : &heads[i]; }), 2);
  EXPECT_EQ(min_find(3, [](int) { return static_cast<const SpineEvent*>(nullptr); }), -1);
}

}  // namespace
}  // namespace h2
