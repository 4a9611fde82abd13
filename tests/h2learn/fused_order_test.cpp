// SPDX-License-Identifier: Apache-2.0
// Updates that go along with the last weight gradients of their group, against the rules of
// DRIVER.md.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/h2learn/order_of_a_group.h"

namespace h2 {
namespace {

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
