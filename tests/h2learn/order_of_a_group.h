// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "tests/h2learn/schedule_card.h"

namespace h2 {

/// The only weight gradient of its group.
constexpr std::uint16_t kBoth = H2_DESC_FIRST | H2_DESC_LAST;

/// Ends at once, without making the jobs.
inline std::uint32_t finish(ScheduleCard& card, const std::shared_ptr<CardCommand>& command,
                            std::uint32_t error = H2_OK) {
  if (command->error != H2_OK) return command->error;
  card.schedule.begin(*command);
  if (command->error == H2_OK) command->error = error;
  if (command->error == H2_OK) command->steps_done = ScheduleCard::kLayers;
  card.schedule.end(*command);
  command->ended = true;
  return command->error;
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

}  // namespace h2
