// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "platform/driver/h2_card.h"
#include "tests/platform/on_card.h"

// Rings in memory of the host instead of Mem2.

namespace h2 {
namespace {

constexpr std::uint64_t kRings = H2_HOST_MEM_BASE + 2 * H2_WINDOW_PAGE;

bool never_written(Card& card, std::uint64_t address, std::size_t bytes, std::uint8_t fill) {
  std::vector<std::uint8_t> data(bytes), expected(bytes, fill);
  EXPECT_TRUE(card.host.debug(tlm::TLM_READ_COMMAND, address, data.data(), bytes));
  return data == expected;
}

TEST(RingsInHostMemory, SameWeightsAndNothingInMem2) {
  const Config config = tiny_config();
  const TrainingGroup training_group = random_training_group(config, {2, 1}, 4);
  std::vector<std::vector<std::uint8_t>> in_mem2;
  on_card([&](Card& card, const Config&) {
    EXPECT_EQ(card.train(training_group), H2_OK);
    in_mem2 = card.weights();
    EXPECT_FALSE(never_written(card, card.memory(2), H2_DRIVER_RING_BYTES, 0xFF));
  });
  on_card([&](Card& card, const Config&) {
    ASSERT_EQ(h2_place_rings(&card.device, kRings), H2_OK);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.weights(), in_mem2);
    EXPECT_TRUE(never_written(card, card.memory(2), H2_DRIVER_RING_BYTES, 0xFF));
    h2_completion first{};
    ASSERT_TRUE(card.host.debug(tlm::TLM_READ_COMMAND,
                                kRings + H2_DRIVER_RING * sizeof(h2_descriptor), &first,
                                sizeof first));
    EXPECT_NE(first.tag, 0U);
    EXPECT_GT(first.end_cycle, first.start_cycle);
    const std::uint64_t behind = kRings + H2_DRIVER_RING_BYTES;
    EXPECT_TRUE(never_written(card, behind, H2_WINDOW_PAGE - H2_DRIVER_RING_BYTES, 0));
  });
}

TEST(RingsInHostMemory, StayThereWhenTheCardRecovers) {
  on_card([](Card& card, const Config& config) {
    ASSERT_EQ(h2_place_rings(&card.device, kRings), H2_OK);
    card.retries = 1;
    EXPECT_TRUE(card.write_reg(H2_REG_INJECT, H2_PUT(INJECT, KIND, 1) | H2_PUT(INJECT, ENGINE, 1)));
    EXPECT_EQ(card.train(random_training_group(config, {2, 2}, 5)), H2_OK);
    EXPECT_EQ(card.group.recoveries, 1U);
    EXPECT_EQ(card.reg(H2_REG_RING_BASE_LO), kRings);
    EXPECT_TRUE(never_written(card, card.memory(2), H2_DRIVER_RING_BYTES, 0xFF));
    ASSERT_EQ(h2_place_rings(&card.device, 0), H2_OK);
    expect_works(card, config);
    EXPECT_FALSE(never_written(card, card.memory(2), H2_DRIVER_RING_BYTES, 0xFF));
  });
}

/// The card reaches the page of the rings and nothing else of the host's memory.
TEST(RingsInHostMemory, WindowsHold) {
  on_card([](Card& card, const Config&) {
    ASSERT_EQ(h2_place_rings(&card.device, kRings), H2_OK);
    ASSERT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
    while (card.reg(H2_REG_CONTROL) != 0) {
    }
    ASSERT_EQ(h2_open_windows(&card.device), H2_OK);
    const std::uint64_t elsewhere = kRings + H2_WINDOW_PAGE;
    ASSERT_TRUE(card.write_reg(H2_REG_RING_BASE_LO, static_cast<std::uint32_t>(elsewhere)));
    ASSERT_TRUE(card.write_reg(H2_REG_COMPLETION_BASE_LO, static_cast<std::uint32_t>(kRings)));
    ASSERT_TRUE(card.write_reg(H2_REG_RING_SIZE, 2));
    ASSERT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
    ASSERT_TRUE(card.write_reg(H2_REG_RING_TAIL, 1));
    while (card.reg(H2_REG_COMPLETION_HEAD) == 0) {
    }
    h2_completion refused{};
    ASSERT_TRUE(card.read(kRings, &refused, sizeof refused));
    EXPECT_EQ(refused.status, H2_ERR_RING);
  });
}

TEST(RingsInHostMemory, TensorsMayNotLieThere) {
  on_card([](Card& card, const Config& config) {
    ASSERT_EQ(h2_place_rings(&card.device, kRings), H2_OK);
    h2_descriptor d = card.prepare(random_training_group(config, {2}, 4), H2_OP_FORWARD);
    d.tag = 0;
    d.input = H2_HOST_MEM_BASE;
    ASSERT_EQ(h2_submit(&card.device, &d), H2_OK);
    EXPECT_EQ(h2_wait(&card.device, d.tag), H2_ERR_ADDRESS);
  });
}

TEST(RingsInHostMemory, IllegalPlacesAreRefused) {
  on_card([](Card& card, const Config& config) {
    EXPECT_EQ(h2_place_rings(&card.device, kRings + 64), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&card.device), "rings is not at a multiple of 4096");
    EXPECT_EQ(h2_place_rings(&card.device, UINT64_C(1) << 44), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&card.device), "rings is beyond what a window reaches");
    EXPECT_EQ(h2_place_rings(nullptr, kRings), H2_DRV_ARGUMENT);
    expect_works(card, config);
  });
}

/// Its own RAM: only the card is on the other side of the link.
TEST(RingsInHostMemory, AccessesOfTheHostTakeNoTime) {
  on_card([](Card& card, const Config&) {
    std::uint32_t word = 7;
    const sc_core::sc_time before = sc_core::sc_time_stamp();
    EXPECT_TRUE(card.write(kRings, &word, sizeof word));
    word = 0;
    EXPECT_TRUE(card.read(kRings, &word, sizeof word));
    EXPECT_EQ(word, 7U);
    EXPECT_EQ(sc_core::sc_time_stamp(), before);
    EXPECT_FALSE(card.read(H2_HOST_MEM_BASE + H2_HOST_MEM_SIZE - 2, &word, sizeof word));
  });
}

}  // namespace
}  // namespace h2
