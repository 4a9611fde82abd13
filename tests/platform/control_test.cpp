// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/driver/h2_card.h"
#include "tests/platform/on_card.h"

// CONTROL, ring registers and rings through the states of the card: DRIVER.md, "States of the
// card".

namespace h2 {
namespace {

const std::uint32_t kRingRegisters[] = {H2_REG_RING_BASE_LO, H2_REG_RING_BASE_HI, H2_REG_RING_SIZE,
                                        H2_REG_COMPLETION_BASE_LO, H2_REG_COMPLETION_BASE_HI};

void expect_rings_refused(Card& card) {
  for (const std::uint32_t reg : kRingRegisters) {
    const std::uint32_t before = card.reg(reg);
    EXPECT_FALSE(card.write_reg(reg, reg == H2_REG_RING_SIZE ? 2 : 0x40));
    expect_error(card, H2_ERR_RING, reg);
    EXPECT_EQ(card.reg(reg), before);
  }
}

/// Puts `count` forward descriptors in the ring and rings once.
void queue_forwards(Card& card, const TrainingGroup& training_group, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
    EXPECT_TRUE(card.write(card.memory(2) + i * sizeof d, &d, sizeof d));
  }
  EXPECT_TRUE(card.write_reg(H2_REG_RING_TAIL, count));
}

TEST(Control, DisabledCardFetchesNothing) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 5);
    queue_forwards(card, training_group, 10);
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, 0));
    const std::uint32_t head = card.reg(H2_REG_RING_HEAD);
    EXPECT_LT(head, 2U) << "one fetch may have been under way";
    sc_core::wait(5, sc_core::SC_MS);
    EXPECT_LE(card.reg(H2_REG_RING_HEAD), head + 1);
    EXPECT_EQ(card.reg(H2_REG_COMPLETION_HEAD), card.reg(H2_REG_RING_HEAD)) << "taken ones end";
    EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_BUSY) << "the others wait";
    expect_rings_refused(card);
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
    sc_core::wait(5, sc_core::SC_MS);
    EXPECT_EQ(card.reg(H2_REG_RING_HEAD), 10U) << "it goes on where it was";
    EXPECT_EQ(card.reg(H2_REG_COMPLETION_HEAD), 10U);
    card.load();
    expect_works(card, config);
  });
}

TEST(Control, UsedRingsStayWhereTheyAre) {
  on_card([](Card& card, const Config& config) {
    EXPECT_EQ(card.train(random_training_group(config, {2, 1}, 11)), H2_OK);
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, 0));
    EXPECT_EQ(card.reg(H2_REG_STATUS), 0U);
    expect_rings_refused(card);
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
    expect_works(card, config);
  });
}

/// At any time after the doorbell: nothing but RESET and acknowledged interrupts gets through.
TEST(Control, PendingResetRefusesWrites) {
  on_card([](Card& card, const Config& config) {
    int pending = 0;
    for (int delay_ns = 0; delay_ns < 3000; delay_ns += 100) {
      SCOPED_TRACE(delay_ns);
      card.load();
      card.group_without_update(random_training_group(config, {2}, 4));
      card.submit_update(1);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
      const std::uint32_t values[] = {0, H2_CONTROL_ENABLE, H2_CONTROL_ENABLE | H2_CONTROL_RESET};
      const bool accepted = card.write_reg(H2_REG_CONTROL, values[delay_ns / 100 % 3]);
      const bool sized = card.write_reg(H2_REG_RING_SIZE, 8);
      if (card.reg(H2_REG_CONTROL) != H2_CONTROL_RESET) continue;  // it has ended meanwhile
      ++pending;
      EXPECT_FALSE(accepted);
      EXPECT_FALSE(sized);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET)) << "joins the first";
      while (card.reg(H2_REG_CONTROL) != 0) {
      }
      EXPECT_EQ(card.reg(H2_REG_STATUS), 0U);
      expect_no_error(card);
    }
    EXPECT_GT(pending, 2);
    card.load();
    expect_works(card, config);
  });
}

/// Rings in Mem1 where an update of memory 0 writes the copy of a weight.
TEST(Control, UpdateDoesNotReachRingsInMem1) {
  for (const bool completions : {false, true}) {
    SCOPED_TRACE(completions);
    on_card([&](Card& card, const Config& config) {
      const std::uint32_t base = completions ? H2_REG_COMPLETION_BASE_LO : H2_REG_RING_BASE_LO;
      EXPECT_EQ(h2_reset(&card.device), H2_OK);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, 0));
      const std::uint64_t at = card.memory(1) + card.device.layers[1].weights;
      EXPECT_TRUE(card.write_reg(base, static_cast<std::uint32_t>(at)));
      EXPECT_TRUE(card.write_reg(base + 4, static_cast<std::uint32_t>(at >> 32)));
      EXPECT_EQ(h2_open_windows(&card.device), H2_OK);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
      h2_descriptor d{};
      d.version = H2_DESCRIPTOR_VERSION;
      d.size = sizeof d;
      d.opcode = H2_OP_UPDATE;
      d.tag = 77;
      d.step = 1;
      d.table = card.device.table_address;
      EXPECT_TRUE(card.write(completions ? card.memory(2) : at, &d, sizeof d));
      EXPECT_TRUE(card.write_reg(H2_REG_RING_TAIL, 1));
      while (card.reg(H2_REG_ERROR) == H2_OK) sc_core::wait(1, sc_core::SC_US);
      EXPECT_EQ(card.reg(H2_REG_ERROR), H2_ERR_OVERLAP);
      EXPECT_EQ(card.reg(H2_REG_ERROR_TAG), 77U);
      card.load();
      expect_works(card, config);
    });
  }
}

}  // namespace
}  // namespace h2
