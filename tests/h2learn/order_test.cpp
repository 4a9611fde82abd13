// SPDX-License-Identifier: Apache-2.0
// The order of descriptors, against the tables of DRIVER.md written down a second time here.

#include <gtest/gtest.h>

#include "tests/h2learn/order_of_a_group.h"

namespace h2 {
namespace {

/// One thing that software does.
struct Act {
  const char* name;
  std::uint8_t opcode;  ///< 0: a soft reset
  std::uint16_t flags;
};
const Act kActs[] = {{"forward", H2_OP_FORWARD, 0},
                     {"inference", H2_OP_FORWARD, H2_DESC_INFERENCE},
                     {"backward", H2_OP_BACKWARD, 0},
                     {"gradient", H2_OP_WEIGHT_GRADIENT, 0},
                     {"gradient first", H2_OP_WEIGHT_GRADIENT, H2_DESC_FIRST},
                     {"gradient last", H2_OP_WEIGHT_GRADIENT, H2_DESC_LAST},
                     {"gradient first last", H2_OP_WEIGHT_GRADIENT, kBoth},
                     {"update", H2_OP_UPDATE, 0},
                     {"reset", 0, 0}};

/// The tables: what memory 0 holds and how far the gradients are.
struct Tables {
  enum { nothing, forwarded, backward } memory = nothing;
  enum { none, open, closed } gradients = none;
  std::uint32_t backward_tag = 0, last_step = 0;

  bool takes(const Act& act, std::uint32_t tag) {
    const bool first = (act.flags & H2_DESC_FIRST) != 0, last = (act.flags & H2_DESC_LAST) != 0;
    switch (act.opcode) {
      case 0:
        memory = nothing;
        gradients = none;
        return true;
      case H2_OP_FORWARD:
        memory = (act.flags & H2_DESC_INFERENCE) != 0 ? nothing : forwarded;
        return true;
      case H2_OP_BACKWARD:
        if (memory == nothing) return false;
        memory = backward;
        backward_tag = tag;
        return true;
      case H2_OP_WEIGHT_GRADIENT:
        if (memory != backward || (!first && gradients != open)) return false;
        gradients = last ? closed : open;
        return true;
      default:
        if (gradients != closed) return false;
        gradients = none;
        ++last_step;
        return true;
    }
  }
};

/// Every sequence of acts, with every prefix's answers.
TEST(Order, EverySequenceOfFiveIsAnsweredAsTheTablesSay) {
  constexpr int kLength = 5, kKinds = std::size(kActs);
  int accepted = 0, refused = 0, updates = 0;
  for (int number = 0; number < kKinds * kKinds * kKinds * kKinds * kKinds; ++number) {
    static ScheduleCard shared;  // the order alone is new for each sequence
    ScheduleCard& card = shared;
    card.schedule.reset();
    Tables tables;
    tables.last_step = 0;
    ASSERT_TRUE(card.schedule.restart());
    std::string history;
    for (int i = 0, rest = number; i < kLength; ++i, rest /= kKinds) {
      const Act& act = kActs[rest % kKinds];
      history += std::string(act.name) + "; ";
      if (act.opcode == 0) {
        card.schedule.reset();
        tables.takes(act, 0);
        continue;
      }
      h2_descriptor d = card.describe(act.opcode, act.flags);
      d.depends = act.opcode == H2_OP_WEIGHT_GRADIENT ? tables.backward_tag : 0;
      if (act.opcode == H2_OP_UPDATE) d.step = tables.last_step + 1;
      const bool expected = tables.takes(act, d.tag);
      const std::uint32_t error = finish(card, card.decode(d));
      ASSERT_EQ(error, expected ? H2_OK : H2_ERR_DEPENDENCY) << history;
      ++(expected ? accepted : refused);
      updates += expected && act.opcode == H2_OP_UPDATE ? 1 : 0;
    }
  }
  EXPECT_GT(accepted, 10'000);
  EXPECT_GT(refused, 10'000);
  EXPECT_GT(updates, 0);
}

TEST_F(OrderOfAGroup, StepsCountUpwards) {
  EXPECT_EQ(group_and_update(1), H2_OK);
  for (const std::uint32_t step : {1U, 3U, 7U})
    EXPECT_EQ(group_and_update(step), H2_ERR_DEPENDENCY);
  EXPECT_EQ(update(2), H2_OK) << "a refused update leaves the gradients as they are";
  card_.schedule.reset();
  SetUp();
  EXPECT_EQ(group_and_update(2), H2_ERR_DEPENDENCY);
  EXPECT_EQ(update(3), H2_OK) << "training goes on after a soft reset";
  card_.schedule.reset();
  SetUp();
  EXPECT_EQ(group_and_update(1), H2_OK) << "or begins anew";
  EXPECT_EQ(group_and_update(1), H2_ERR_DEPENDENCY);
  EXPECT_EQ(update(2), H2_OK);
}

/// A weight gradient that waits in its queue when a soft reset comes reaches no weight.
TEST_F(OrderOfAGroup, QueuedGradientIsGoneAfterAReset) {
  EXPECT_EQ(take(H2_OP_WEIGHT_GRADIENT, H2_DESC_FIRST), H2_OK);
  const auto queued = card_.decode(describe(H2_OP_WEIGHT_GRADIENT, H2_DESC_LAST));
  ASSERT_EQ(queued->error, H2_OK);
  queued->aborted = true;
  card_.schedule.end(*queued);
  queued->ended = true;
  card_.schedule.reset();
  EXPECT_EQ(update(1), H2_ERR_DEPENDENCY);
}

TEST_F(OrderOfAGroup, FailedGradientSpoilsItsGroup) {
  const auto first = card_.decode(describe(H2_OP_WEIGHT_GRADIENT, H2_DESC_FIRST));
  const auto last = card_.decode(describe(H2_OP_WEIGHT_GRADIENT, H2_DESC_LAST));
  const auto step = card_.decode(describe(H2_OP_UPDATE));
  ASSERT_EQ(step->error, H2_OK) << "nothing has failed so far";
  EXPECT_EQ(finish(card_, first, H2_ERR_BUS), H2_ERR_BUS);
  EXPECT_EQ(finish(card_, last), H2_ERR_DEPENDENCY);
  EXPECT_EQ(finish(card_, step), H2_ERR_DEPENDENCY);
  EXPECT_EQ(card_.schedule.status(), 0U) << "no weight was touched";
  EXPECT_EQ(take(H2_OP_WEIGHT_GRADIENT, H2_DESC_LAST), H2_ERR_DEPENDENCY);
  EXPECT_EQ(group_and_update(1), H2_OK) << "another group";
}

TEST_F(OrderOfAGroup, FailedPassesCountAsMissing) {
  EXPECT_EQ(finish(card_, card_.decode(describe(H2_OP_BACKWARD)), H2_ERR_OVERFLOW),
            H2_ERR_OVERFLOW);
  backward_ = last_.tag;
  EXPECT_EQ(take(H2_OP_WEIGHT_GRADIENT, kBoth), H2_ERR_DEPENDENCY);
  EXPECT_EQ(take(H2_OP_BACKWARD), H2_OK) << "the forward pass is still there";
  EXPECT_EQ(finish(card_, card_.decode(describe(H2_OP_FORWARD)), H2_ERR_BUS), H2_ERR_BUS);
  EXPECT_EQ(take(H2_OP_BACKWARD), H2_ERR_DEPENDENCY);
}

TEST_F(OrderOfAGroup, OtherSamplesMemoryOrTableAreNotTheSame) {
  h2_descriptor d = describe(H2_OP_BACKWARD);
  d.samples = 1;
  EXPECT_EQ(card_.decode(d)->error, H2_ERR_DEPENDENCY);
  d = card_.describe(H2_OP_BACKWARD, 0, 1);
  EXPECT_EQ(card_.decode(d)->error, H2_ERR_DEPENDENCY);
  d = describe(H2_OP_WEIGHT_GRADIENT, kBoth);
  d.samples = 1;
  EXPECT_EQ(card_.decode(d)->error, H2_ERR_DEPENDENCY);
  d = describe(H2_OP_WEIGHT_GRADIENT, kBoth);
  d.depends = 1;
  EXPECT_EQ(card_.decode(d)->error, H2_ERR_DEPENDENCY);
  EXPECT_EQ(take(H2_OP_WEIGHT_GRADIENT, kBoth), H2_OK);
  card_.device.table.learning_rate = 0.5F;
  card_.write_table();
  EXPECT_EQ(update(1), H2_ERR_DEPENDENCY) << "another table at the same address";
}

TEST_F(OrderOfAGroup, NothingMeetsAnotherAtWork) {
  const auto backward = card_.decode(describe(H2_OP_BACKWARD));
  EXPECT_EQ(backward->error, H2_OK);
  EXPECT_EQ(card_.decode(describe(H2_OP_FORWARD))->error, H2_ERR_DEPENDENCY);
  EXPECT_EQ(card_.decode(describe(H2_OP_BACKWARD))->error, H2_ERR_DEPENDENCY);
  const auto other = card_.decode(card_.describe(H2_OP_FORWARD, 0, 1));
  EXPECT_EQ(other->error, H2_OK) << "the other memory is free";
  finish(card_, backward);
  backward_ = backward->descriptor.tag;
  EXPECT_EQ(take(H2_OP_WEIGHT_GRADIENT, kBoth), H2_OK);
  EXPECT_EQ(update(1), H2_ERR_DEPENDENCY) << "a forward pass reads the weights";
  finish(card_, other);
  const auto running = card_.decode(describe(H2_OP_UPDATE));
  EXPECT_EQ(running->error, H2_OK);
  EXPECT_EQ(card_.decode(describe(H2_OP_FORWARD))->error, H2_ERR_DEPENDENCY);
  EXPECT_EQ(card_.decode(describe(H2_OP_BACKWARD))->error, H2_ERR_DEPENDENCY);
  EXPECT_FALSE(card_.schedule.restart());
  finish(card_, running);
  EXPECT_EQ(take(H2_OP_FORWARD), H2_OK);
}

TEST_F(OrderOfAGroup, BrokenUpdateLosesTheWeights) {
  EXPECT_EQ(take(H2_OP_WEIGHT_GRADIENT, kBoth), H2_OK);
  EXPECT_EQ(finish(card_, card_.decode(describe(H2_OP_UPDATE)), H2_ERR_TIMEOUT), H2_ERR_TIMEOUT);
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(card_.schedule.status(), H2_STATUS_WEIGHTS_LOST);
    for (const Act& act : kActs) {
      if (act.opcode == 0) continue;
      EXPECT_EQ(take(act.opcode, act.flags), H2_ERR_WEIGHTS) << act.name;
    }
    card_.schedule.reset();
  }
  EXPECT_TRUE(card_.schedule.restart());
  EXPECT_EQ(card_.schedule.status(), 0U);
  SetUp();
  EXPECT_EQ(group_and_update(1), H2_OK);
}

}  // namespace
}  // namespace h2
