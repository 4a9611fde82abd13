// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/platform/on_card.h"

namespace h2 {
namespace {

/// Training, broken off at any moment by a soft reset, then done again from the start.
TEST(SoftReset, LeavesNoTrace) {
  const Config config = tiny_config();
  const TrainingGroup training_group = random_training_group(config, {2, 2}, 4);
  std::vector<std::vector<std::uint8_t>> undisturbed;
  on_card([&](Card& card, const Config&) {
    EXPECT_EQ(card.train(training_group), H2_OK);
    undisturbed = card.weights();
  });
  on_card([&](Card& card, const Config&) {
    for (const int delay_ns : {0, 5, 20, 50, 100, 150, 200, 300, 500, 1000, 2000, 4000, 9000}) {
      SCOPED_TRACE(delay_ns);
      h2_descriptor forward = card.prepare(training_group, H2_OP_FORWARD);
      h2_descriptor back = card.prepare(training_group, H2_OP_BACKWARD);
      h2_descriptor weight = card.prepare(training_group, H2_OP_WEIGHT_GRADIENT);
      weight.depends = back.tag;
      weight.flags = H2_DESC_FIRST;
      for (const h2_descriptor& d : {forward, back, weight, forward}) card.submit_raw(d);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
      card.load();  // resets again and waits for the end of it
      EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
      EXPECT_EQ(card.reg(H2_REG_COMPLETION_HEAD), 0U);
      EXPECT_EQ(card.train(training_group), H2_OK);
      EXPECT_EQ(card.weights(), undisturbed);
      card.load();
    }
  });
}

/// A group that a soft reset breaks off in its second sub-batch: an update is refused afterwards,
/// however far the weight gradient has come or whether it still waits in its queue.
TEST(SoftReset, HalfAGroupReachesNoWeight) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 4);
    const auto before = card.weights();
    for (int delay_ns = 0; delay_ns < 3000; delay_ns += delay_ns < 400 ? 20 : 200) {
      SCOPED_TRACE(delay_ns);
      std::uint32_t back_tag = 0;
      for (const std::uint8_t opcode : {H2_OP_FORWARD, H2_OP_BACKWARD, H2_OP_WEIGHT_GRADIENT}) {
        h2_descriptor d = card.prepare(training_group, opcode);
        if (opcode == H2_OP_WEIGHT_GRADIENT) d.flags = H2_DESC_FIRST;
        d.depends = back_tag;
        EXPECT_EQ(h2_submit(&card.device, &d), H2_OK);
        EXPECT_EQ(h2_wait(&card.device, d.tag), H2_OK);
        back_tag = d.tag;
      }
      const h2_descriptor back = card.prepare(training_group, H2_OP_BACKWARD);
      h2_descriptor weight = card.prepare(training_group, H2_OP_WEIGHT_GRADIENT);
      weight.depends = back.tag;
      weight.flags = H2_DESC_LAST;
      card.submit_raw(back);
      card.submit_raw(weight);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      EXPECT_EQ(h2_recover(&card.device), H2_OK);
      EXPECT_EQ(h2_wait(&card.device, card.submit_update(1)), H2_ERR_DEPENDENCY);
      EXPECT_EQ(card.weights(), before);
    }
    expect_works(card, config);
  });
}

/// A refused descriptor is answered by a write that a reset may fall into.
TEST(SoftReset, DuringARefusal) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 4);
    for (int delay_ns = 0; delay_ns < 400; delay_ns += 4) {
      SCOPED_TRACE(delay_ns);
      h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
      d.opcode = 77;
      card.submit_raw(d);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
      while (card.reg(H2_REG_CONTROL) != 0) {
      }
      sc_core::wait(1, sc_core::SC_US);  // nothing may come late
      EXPECT_EQ(card.reg(H2_REG_RING_HEAD), 0U);
      EXPECT_EQ(card.reg(H2_REG_COMPLETION_HEAD), 0U);
      EXPECT_EQ(card.reg(H2_REG_STATUS), 0U);
      expect_no_error(card);
      card.load();
    }
    expect_works(card, config);
  });
}

}  // namespace
}  // namespace h2
