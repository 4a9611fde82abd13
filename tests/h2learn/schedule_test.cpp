// SPDX-License-Identifier: Apache-2.0
// Which descriptors H2Learn takes, which jobs they become, and what those wait for. No simulator.

#include <gtest/gtest.h>

#include "tests/h2learn/schedule_card.h"

namespace h2 {
namespace {

TEST(Schedule, ForwardIsOneJobPerLayerUpwards) {
  ScheduleCard card;
  const auto command = card.decode(card.describe(H2_OP_FORWARD));
  ASSERT_EQ(command->error, H2_OK);
  EXPECT_EQ(card.schedule.queues().at(command->queue), "forward");
  for (int l = 0; l < ScheduleCard::kLayers; ++l) {
    const auto step = card.schedule.step(*command, l);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->engine, H2LearnSchedule::kForwardEngine);
    EXPECT_EQ(step->job->layer, l);
    EXPECT_FALSE(step->after);
  }
  EXPECT_FALSE(card.schedule.step(*command, ScheduleCard::kLayers));
}

TEST(Schedule, WeightGradientFollowsTheBackwardPassLayerByLayer) {
  ScheduleCard card;
  EXPECT_EQ(card.take(card.describe(H2_OP_FORWARD)), H2_OK);
  const auto backward = card.decode(card.describe(H2_OP_BACKWARD));
  ASSERT_EQ(backward->error, H2_OK);
  h2_descriptor d = card.describe(H2_OP_WEIGHT_GRADIENT, H2_DESC_FIRST);
  d.depends = backward->descriptor.tag;
  const auto gradient = card.decode(d);
  ASSERT_EQ(gradient->error, H2_OK);
  card.schedule.begin(*gradient);
  for (int index = 0; index < ScheduleCard::kLayers; ++index) {
    const auto step = card.schedule.step(*gradient, index);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->engine, H2LearnSchedule::kWeightUpdateEngine);
    EXPECT_EQ(step->job->layer, ScheduleCard::kLayers - 1 - index);
    ASSERT_TRUE(step->after);
    EXPECT_EQ(step->after->command, backward);
    EXPECT_EQ(step->after->step, index);
    const auto awaited = card.schedule.step(*backward, index);
    EXPECT_EQ(awaited->engine, H2LearnSchedule::kBackwardEngine);
    EXPECT_EQ(awaited->job->result_layer, step->job->layer);
  }
}

/// A layer is updated once its gradient is there and the backward pass has used its weights.
TEST(Schedule, AnUpdateGoesAlongWithTheLastGradients) {
  ScheduleCard card;
  EXPECT_EQ(card.take(card.describe(H2_OP_FORWARD)), H2_OK);
  const auto backward = card.decode(card.describe(H2_OP_BACKWARD));
  h2_descriptor d = card.describe(H2_OP_WEIGHT_GRADIENT, H2_DESC_FIRST | H2_DESC_LAST);
  d.depends = backward->descriptor.tag;
  const auto gradient = card.decode(d);
  d = card.describe(H2_OP_UPDATE);
  d.step = 1;
  const auto update = card.decode(d);
  ASSERT_EQ(update->error, H2_OK);
  card.schedule.begin(*gradient);
  std::string order;
  while (auto step = card.schedule.step(*gradient, gradient->steps_done)) {
    CardCommand& owner = step->owner != nullptr ? *step->owner : *gradient;
    order += (&owner == update.get() ? "u" : "g") + std::to_string(step->job->layer) + " ";
    ++owner.steps_done;
    EXPECT_EQ(backward->indivisible && gradient->indivisible, update->steps_done > 0);
  }
  EXPECT_EQ(order, "g2 g1 u2 g0 u1 u0 ");
  card.schedule.begin(*update);
  EXPECT_EQ(update->error, H2_OK);
  EXPECT_FALSE(card.schedule.step(*update, update->steps_done));
}

/// A grouped layer keeps the vectors of sub-batches that have a slot, and no more.
TEST(Schedule, AGroupedLayerHasPlacesForItsGroup) {
  ScheduleCard card;
  h2_layer& fc = card.device.layers[2];
  fc.flags = H2_LAYER_GROUPED;
  fc.weight_gradient = (card.device.used[2] + 4095) / 4096 * 4096;
  card.device.table.flags |= H2_TABLE_PUT_SLOTS(1);
  card.write_table();
  const auto gradient = [&](std::uint16_t memory, std::uint16_t flags) {
    EXPECT_EQ(card.take(card.describe(H2_OP_FORWARD, 0, memory)), H2_OK);
    const h2_descriptor backward = card.describe(H2_OP_BACKWARD, 0, memory);
    EXPECT_EQ(card.take(backward), H2_OK);
    h2_descriptor d = card.describe(H2_OP_WEIGHT_GRADIENT, flags, memory);
    d.depends = backward.tag;
    return card.decode(d);
  };
  const auto first = gradient(0, H2_DESC_FIRST);
  ASSERT_EQ(first->error, H2_OK);
  EXPECT_EQ(card.schedule.step(*first, 0)->job->macs, 0U) << "copies";
  EXPECT_GT(card.schedule.step(*first, 1)->job->macs, 0U);
  EXPECT_EQ(card.run(*first), H2_OK);
  EXPECT_EQ(gradient(1, 0)->error, H2_ERR_DEPENDENCY) << "one slot";
  const auto last = gradient(1, H2_DESC_LAST);
  ASSERT_EQ(last->error, H2_OK);
  const auto alone = gradient(0, H2_DESC_FIRST | H2_DESC_LAST);
  ASSERT_EQ(alone->error, H2_OK);
  EXPECT_EQ(card.schedule.step(*last, 0)->job->macs, 2 * card.schedule.step(*alone, 0)->job->macs);
}

TEST(Schedule, RefusesWithTheCodeOfTheContract) {
  ScheduleCard card;
  const auto error = [&](auto change) {
    h2_descriptor d = card.describe(H2_OP_FORWARD);
    change(d);
    return card.decode(d)->error;
  };
  EXPECT_EQ(error([](h2_descriptor&) {}), H2_OK);
  EXPECT_EQ(error([](h2_descriptor& d) { d.version = 9; }), H2_ERR_VERSION);
  EXPECT_EQ(error([](h2_descriptor& d) { d.opcode = 9; }), H2_ERR_OPCODE);
  EXPECT_EQ(error([](h2_descriptor& d) { d.flags = H2_DESC_FIRST; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](h2_descriptor& d) { d.samples = 3; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](h2_descriptor& d) { d.tag = 0; }), H2_ERR_TAG);
  EXPECT_EQ(error([](h2_descriptor& d) { d.input += 4; }), H2_ERR_ALIGNMENT);
  EXPECT_EQ(error([](h2_descriptor& d) { d.input = H2_MEM_BASE(1); }), H2_ERR_ADDRESS);
  EXPECT_EQ(error([](h2_descriptor& d) { d.table = H2_MEM_BASE(7); }), H2_ERR_ADDRESS);
  EXPECT_EQ(error([&](h2_descriptor& d) { card.tags.insert(d.tag); }), H2_ERR_TAG);
  EXPECT_EQ(error([&](h2_descriptor& d) { d.input = H2_MEM_BASE(0) + card.device.layers[0].mask; }),
            H2_ERR_OVERLAP);
  card.windows_open = false;
  EXPECT_EQ(error([](h2_descriptor&) {}), H2_ERR_WINDOW);
}

TEST(Schedule, RefusesADamagedTable) {
  ScheduleCard card;
  card.device.layers[1].cout = 99;
  ASSERT_TRUE(card.write(card.device.table_address + sizeof(h2_table), card.device.layers,
                         ScheduleCard::kLayers * sizeof(h2_layer)));
  EXPECT_EQ(card.decode(card.describe(H2_OP_FORWARD))->error, H2_ERR_CHECKSUM);
}

/// However large the maps are that it declares: work is linear in the bytes of the table.
TEST(Schedule, RefusesAnEnormousTableAtOnce) {
  ScheduleCard card;
  for (const std::uint32_t channels : {1U << 8, 1U << 12, 1U << 16, 1U << 20}) {
    h2_layer& l = card.device.layers[0];
    l.cout = channels;
    l.in_height = l.in_width = 4096;
    card.device.table.layers = 1;
    card.write_table();
    EXPECT_EQ(card.decode(card.describe(H2_OP_FORWARD))->error, H2_ERR_ADDRESS) << channels;
  }
}

TEST(Schedule, UpdateNeedsTheGradientsOfAGroup) {
  ScheduleCard card;
  EXPECT_EQ(card.take(card.describe(H2_OP_UPDATE)), H2_ERR_DEPENDENCY);
  EXPECT_EQ(card.take(card.describe(H2_OP_FORWARD)), H2_OK);
  const h2_descriptor backward = card.describe(H2_OP_BACKWARD);
  EXPECT_EQ(card.take(backward), H2_OK);
  h2_descriptor gradient = card.describe(H2_OP_WEIGHT_GRADIENT, H2_DESC_FIRST | H2_DESC_LAST);
  gradient.depends = 0;
  EXPECT_EQ(card.take(gradient), H2_ERR_DEPENDENCY) << "names no backward pass";
  gradient.depends = backward.tag;
  EXPECT_EQ(card.take(gradient), H2_OK);
  EXPECT_EQ(card.take(card.describe(H2_OP_UPDATE)), H2_OK);
}

}  // namespace
}  // namespace h2
