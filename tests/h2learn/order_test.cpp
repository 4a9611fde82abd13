// SPDX-License-Identifier: Apache-2.0
// The order of descriptors, against the tables of DRIVER.md written down a second time here.

#include <gtest/gtest.h>

#include "tests/h2learn/schedule_card.h"

namespace h2 {
namespace {

constexpr std::uint16_t kBoth = H2_DESC_FIRST | H2_DESC_LAST;

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

/// Ends at once, without making the jobs.
std::uint32_t finish(ScheduleCard& card, const std::shared_ptr<CardCommand>& command,
                     std::uint32_t error = H2_OK) {
  if (command->error != H2_OK) return command->error;
  card.schedule.begin(*command);
  if (command->error == H2_OK) command->error = error;
  if (command->error == H2_OK) command->steps_done = ScheduleCard::kLayers;
  card.schedule.end(*command);
  command->ended = true;
  return command->error;
}

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

/// A card with a forward and a backward pass on memory 0.
class OrderOfAGroup : public ::testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(take(H2_OP_FORWARD), H2_OK);
    EXPECT_EQ(take(H2_OP_BACKWARD), H2_OK);
    backward_ = last_.tag;
  }
  h2_descriptor describe(std::uint8_t opcode, std::uint16_t flags = 0) {
    last_ = card_.describe(opcode, flags);
    if (opcode == H2_OP_WEIGHT_GRADIENT) last_.depends = backward_;
    return last_;
  }
  std::uint32_t take(std::uint8_t opcode, std::uint16_t flags = 0) {
    return finish(card_, card_.decode(describe(opcode, flags)));
  }
  std::uint32_t update(std::uint32_t step) {
    h2_descriptor d = describe(H2_OP_UPDATE);
    d.step = step;
    return finish(card_, card_.decode(d));
  }
  std::uint32_t group_and_update(std::uint32_t step) {
    const std::uint32_t error = take(H2_OP_WEIGHT_GRADIENT, kBoth);
    return error != H2_OK ? error : update(step);
  }

  ScheduleCard card_;
  h2_descriptor last_{};
  std::uint32_t backward_ = 0;
};

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

/// Groups whose update goes along with the gradients. Counts the steps that each layer has taken.
class FusedGroups : public OrderOfAGroup {
 protected:
  static constexpr int kWhole = ScheduleCard::kLayers + 1;

  /// A group and its update with `step`; the gradient fails before its job `fails`. Returns the
  /// update's completion.
  std::shared_ptr<CardCommand> group(std::uint32_t step, int fails = kWhole) {
    const auto gradient = card_.decode(describe(H2_OP_WEIGHT_GRADIENT, kBoth));
    h2_descriptor d = describe(H2_OP_UPDATE);
    d.step = step;
    const auto update = card_.decode(d);
    run(*gradient, fails);
    if (update->error == H2_OK || update->begun) run(*update, kWhole);
    return update;
  }

  std::vector<int> steps_ = std::vector<int>(ScheduleCard::kLayers);

 private:
  void run(CardCommand& command, int fails) {
    card_.schedule.begin(command);
    while (command.error == H2_OK) {
      auto step = card_.schedule.step(command, command.steps_done);
      if (!step) break;
      CardCommand& owner = step->owner != nullptr ? *step->owner : command;
      if (step->job->layer == ScheduleCard::kLayers - 1 - fails && !step->owner) {
        command.error = H2_ERR_OVERFLOW;
        break;
      }
      owner.begun = true;
      if (owner.descriptor.opcode == H2_OP_UPDATE) ++steps_[step->job->layer];
      ++owner.steps_done;
    }
    card_.schedule.end(command);
    command.ended = true;
  }
};

TEST_F(FusedGroups, AFailedGradientEndsTheUpdateBetweenTwoLayers) {
  const auto broken = group(1, 2);
  EXPECT_EQ(broken->error, H2_ERR_OVERFLOW) << "of the gradient";
  EXPECT_EQ(broken->error_layer, 2U) << "the first layer, from 1, that was not updated";
  EXPECT_EQ(steps_, (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(card_.schedule.status(), H2_STATUS_PARTLY_UPDATED);
  EXPECT_EQ(update(1), H2_ERR_DEPENDENCY) << "its gradients are spoilt";
  EXPECT_EQ(group(2)->error, H2_ERR_DEPENDENCY) << "step 1 is not done";
  EXPECT_EQ(group(1)->error, H2_OK);
  EXPECT_EQ(steps_, (std::vector<int>{1, 1, 1}));
  EXPECT_EQ(card_.schedule.status(), 0U);
  EXPECT_EQ(group(2)->error, H2_OK);
  EXPECT_EQ(steps_, (std::vector<int>{2, 2, 2}));
}

TEST_F(FusedGroups, NothingUpdatedIsADependency) {
  for (const int fails : {0, 1}) {
    const auto refused = group(1, fails);
    EXPECT_EQ(refused->error, H2_ERR_DEPENDENCY);
    EXPECT_EQ(refused->error_layer, 0U);
    EXPECT_EQ(card_.schedule.status(), 0U);
  }
  EXPECT_EQ(steps_, (std::vector<int>{0, 0, 0}));
}

TEST_F(FusedGroups, ItGoesOnWithOtherParametersButNotWithOtherTensors) {
  group(1, 2);
  card_.schedule.reset();
  card_.device.table.loss_scale = 2;
  card_.write_table();
  SetUp();
  EXPECT_EQ(group(1, 2)->error, H2_ERR_DEPENDENCY) << "it fails before another layer is updated";
  EXPECT_EQ(card_.schedule.status(), H2_STATUS_PARTLY_UPDATED);
  const std::uint64_t master = card_.device.layers[1].master;
  card_.device.layers[1].master = ScheduleCard::kMemoryBytes / 2;
  card_.write_table();
  SetUp();
  EXPECT_EQ(group(1)->error, H2_ERR_DEPENDENCY) << "other tensors";
  card_.device.layers[1].master = master;
  card_.write_table();
  SetUp();
  EXPECT_EQ(group(1)->error, H2_OK);
  EXPECT_EQ(steps_, (std::vector<int>{1, 1, 1}));
}

/// Every sequence of groups that fail or not, soft resets and new weights: no layer is ever a step
/// behind what LAST_STEP and the status say, or takes one twice.
TEST_F(FusedGroups, EveryLayerTakesEveryStepOnce) {
  constexpr int kLength = 4, kKinds = 6;
  enum { whole, none, one, reset, new_weights, new_training };
  for (int number = 0; number < kKinds * kKinds * kKinds * kKinds; ++number) {
    card_.schedule.reset();
    ASSERT_TRUE(card_.schedule.restart());
    std::fill(steps_.begin(), steps_.end(), 0);
    SetUp();
    std::uint32_t last = 0;
    bool partly = false, anew = true;
    for (int i = 0, rest = number; i < kLength; ++i, rest /= kKinds) {
      SCOPED_TRACE(std::to_string(number) + " at " + std::to_string(i));
      const int act = rest % kKinds;
      if (act == reset || act == new_weights) {
        card_.schedule.reset();
        anew = true;
        if (act == new_weights) {
          ASSERT_TRUE(card_.schedule.restart());
          std::fill(steps_.begin(), steps_.end(), 0);
          last = 0;
          partly = false;
        }
        SetUp();
        continue;
      }
      const std::uint32_t step = act == new_training ? 1 : last + 1;
      if (act == new_training && last > 0 && anew) {  // whatever the weights were
        std::fill(steps_.begin(), steps_.end(), 0);
        partly = false;
      }
      const bool taken = act != new_training || last == 0 || anew;
      const std::uint32_t error = group(step, act == none ? 1 : act == one ? 2 : kWhole)->error;
      if (!taken || act == none || (act == one && partly)) {
        ASSERT_EQ(error, H2_ERR_DEPENDENCY);
      } else if (act == one) {
        ASSERT_EQ(error, H2_ERR_OVERFLOW);
        partly = true;
        anew = false;
      } else {
        ASSERT_EQ(error, H2_OK);
        last = step;
        partly = anew = false;
      }
      ASSERT_EQ(card_.schedule.status(), partly ? H2_STATUS_PARTLY_UPDATED : 0U);
      const int done = static_cast<int>(last);
      ASSERT_EQ(steps_, (std::vector<int>{done, done, done + (partly ? 1 : 0)}));
    }
  }
}

}  // namespace
}  // namespace h2
