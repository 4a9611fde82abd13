// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/platform/on_card.h"

// Registers, rings and the system bus as software sees them.

namespace h2 {
namespace {

TEST(Registers, IdentifyTheCard) {
  on_card(
      [](Card& card, const Config& config) {
        EXPECT_EQ(card.reg(H2_REG_ID), H2_ID);
        EXPECT_EQ(card.reg(H2_REG_VERSION), H2_VERSION);
        EXPECT_EQ(H2_CAP_VALUE_BYTES(card.reg(H2_REG_CAPABILITIES)), 4U);
        EXPECT_EQ(H2_CAP_RING_MAX(card.reg(H2_REG_CAPABILITIES)), H2_RING_MAX);
        EXPECT_EQ(card.reg(H2_REG_TILE), 5U | 6U << 16);
        EXPECT_EQ(card.reg(H2_REG_MEMORY_SIZE), config.memory.bytes >> 20);
        expect_works(card, config);
      },
      {{"numerics", "fp32"}, {"tile.height", "5"}, {"tile.width", "6"}});
}

/// One access as a TLM payload.
tlm::tlm_response_status access(HostCpu& host, tlm::tlm_command command, std::uint64_t address,
                                unsigned length, std::uint8_t* byte_enable = nullptr,
                                unsigned streaming_width = 0) {
  std::vector<std::uint8_t> data(length + 1, 0);
  tlm::tlm_generic_payload payload;
  payload.set_command(command);
  payload.set_address(address);
  payload.set_data_ptr(data.data());
  payload.set_data_length(length);
  payload.set_streaming_width(streaming_width != 0 ? streaming_width : length);
  payload.set_byte_enable_ptr(byte_enable);
  payload.set_byte_enable_length(byte_enable != nullptr ? 1 : 0);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  host.bus->b_transport(payload, delay);
  EXPECT_EQ(payload.get_address(), address);
  sc_core::wait(delay);
  return payload.get_response_status();
}

constexpr auto kRead = tlm::TLM_READ_COMMAND;
constexpr auto kWrite = tlm::TLM_WRITE_COMMAND;

TEST(Registers, BadAccessesAreAnsweredAndReported) {
  struct Bad {
    tlm::tlm_command command;
    std::uint32_t offset;
    unsigned length;
    tlm::tlm_response_status response;
  };
  const Bad cases[] = {
      {kRead, 0x014, 4, tlm::TLM_ADDRESS_ERROR_RESPONSE},  // no register
      {kWrite, 0xFFC, 4, tlm::TLM_ADDRESS_ERROR_RESPONSE},
      {kRead, 0x022, 4, tlm::TLM_ADDRESS_ERROR_RESPONSE},  // misaligned
      {kRead, 0x020, 2, tlm::TLM_BURST_ERROR_RESPONSE},    // not 32 bits
      {kWrite, 0x020, 8, tlm::TLM_BURST_ERROR_RESPONSE},
      {kRead, 0x020, 0, tlm::TLM_BURST_ERROR_RESPONSE},
      {kWrite, H2_REG_ID, 4, tlm::TLM_COMMAND_ERROR_RESPONSE},  // read-only
      {kWrite, H2_REG_RING_HEAD, 4, tlm::TLM_COMMAND_ERROR_RESPONSE},
      {tlm::TLM_IGNORE_COMMAND, 0x020, 4, tlm::TLM_COMMAND_ERROR_RESPONSE},
  };
  on_card([&](Card& card, const Config& config) {
    for (const Bad& bad : cases) {
      SCOPED_TRACE(std::to_string(bad.offset) + ", " + std::to_string(bad.length) + " bytes");
      EXPECT_EQ(access(card.host, bad.command, H2_REGS_BASE + bad.offset, bad.length),
                bad.response);
      expect_error(card, H2_ERR_REGISTER, bad.offset);
    }
    EXPECT_FALSE(card.write_reg(H2_REG_CONTROL, 0x10));
    expect_error(card, H2_ERR_REGISTER, H2_REG_CONTROL);
    EXPECT_EQ(card.reg(H2_REG_CONTROL), H2_CONTROL_ENABLE);
    expect_works(card, config);
  });
}

TEST(Registers, DebugAccessHasNoEffect) {
  on_card([](Card& card, const Config&) {
    std::uint32_t value = 0;
    EXPECT_TRUE(card.host.debug(kRead, H2_REGS_BASE + H2_REG_ID, &value, 4));
    EXPECT_EQ(value, H2_ID);
    EXPECT_FALSE(card.host.debug(kRead, H2_REGS_BASE + 0x014, &value, 4));
    EXPECT_FALSE(card.host.debug(kWrite, H2_REGS_BASE + H2_REG_CONTROL, &value, 4));
    expect_no_error(card);
    EXPECT_EQ(card.reg(H2_REG_CONTROL), H2_CONTROL_ENABLE);
  });
}

TEST(Registers, BusRefusesWhatIsNotThere) {
  on_card([](Card& card, const Config& config) {
    const std::uint64_t end = H2_MEM_BASE(1) + config.memory.bytes;
    const std::uint64_t unmapped[] = {0,
                                      H2_REGS_BASE - 4,
                                      H2_REGS_BASE + H2_REGS_SIZE,
                                      H2_MEM_BASE(0) - 8,
                                      end,
                                      H2_MEM_BASE(3),
                                      ~std::uint64_t{7}};
    for (const std::uint64_t at : unmapped) {
      SCOPED_TRACE(at);
      EXPECT_EQ(access(card.host, kRead, at, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(access(card.host, kWrite, at, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      std::uint64_t data = 0;
      EXPECT_FALSE(card.host.debug(kRead, at, &data, 8));
    }
    EXPECT_EQ(access(card.host, kRead, end - 8, 8), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(access(card.host, kRead, end - 8, 16), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    expect_no_error(card);
    expect_works(card, config);
  });
}

TEST(Registers, MemoriesRefuseWhatTheyCannotDo) {
  on_card([](Card& card, const Config& config) {
    std::uint8_t enable = 0xFF;
    const std::uint64_t at = H2_MEM_BASE(2) + 4096;
    EXPECT_EQ(access(card.host, kWrite, at, 8, &enable), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    EXPECT_EQ(access(card.host, kRead, at, 8, nullptr, 4), tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(access(card.host, kRead, at, 0), tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(access(card.host, tlm::TLM_IGNORE_COMMAND, at, 8), tlm::TLM_COMMAND_ERROR_RESPONSE);
    EXPECT_EQ(access(card.host, kRead, at, 8), tlm::TLM_OK_RESPONSE);
    expect_works(card, config);
  });
}

TEST(Registers, RingsAreCheckedAndFrozenWhileEnabled) {
  on_card([](Card& card, const Config& config) {
    for (const std::uint32_t reg : {H2_REG_RING_BASE_LO, H2_REG_RING_BASE_HI, H2_REG_RING_SIZE,
                                    H2_REG_COMPLETION_BASE_LO, H2_REG_COMPLETION_BASE_HI}) {
      SCOPED_TRACE(reg);
      const std::uint32_t before = card.reg(reg);
      EXPECT_FALSE(card.write_reg(reg, 64));
      expect_error(card, H2_ERR_RING, reg);
      EXPECT_EQ(card.reg(reg), before);
    }
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, 0));
    EXPECT_EQ(card.reg(H2_REG_STATUS) & H2_STATUS_ENABLED, 0U);
    for (const std::uint32_t size : {0U, 1U, 3U, 15U, 2048U, ~0U}) {
      SCOPED_TRACE(size);
      EXPECT_FALSE(card.write_reg(H2_REG_RING_SIZE, size));
      expect_error(card, H2_ERR_RING, H2_REG_RING_SIZE);
    }
    EXPECT_FALSE(card.write_reg(H2_REG_RING_BASE_LO, 32));
    expect_error(card, H2_ERR_RING, H2_REG_RING_BASE_LO);
    EXPECT_FALSE(card.write_reg(H2_REG_COMPLETION_BASE_LO, 4));
    expect_error(card, H2_ERR_RING, H2_REG_COMPLETION_BASE_LO);
    EXPECT_TRUE(card.write_reg(H2_REG_RING_SIZE, H2_RING_MAX));
    card.load();
    expect_works(card, config);
  });
}

TEST(Registers, EnablingNeedsRings) {
  on_card([](Card& card, const Config& config) {
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
    while (card.reg(H2_REG_CONTROL) != 0) {
    }
    EXPECT_FALSE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
    expect_error(card, H2_ERR_RING, H2_REG_CONTROL);
    card.load();
    expect_works(card, config);
  });
}

TEST(Registers, BadDoorbells) {
  on_card([](Card& card, const Config& config) {
    EXPECT_EQ(card.train(random_training_group(config, {2}, 2)), H2_OK);
    const std::uint32_t tail = card.device.tail;
    EXPECT_EQ(card.reg(H2_REG_RING_HEAD), tail);
    for (const std::uint32_t value : {H2_DRIVER_RING, H2_DRIVER_RING + 1, ~0U}) {
      EXPECT_FALSE(card.write_reg(H2_REG_RING_TAIL, value));
      expect_error(card, H2_ERR_DOORBELL, H2_REG_RING_TAIL);
      EXPECT_FALSE(card.write_reg(H2_REG_COMPLETION_TAIL, value));
      expect_error(card, H2_ERR_DOORBELL, H2_REG_COMPLETION_TAIL);
    }
    EXPECT_EQ(card.reg(H2_REG_RING_TAIL), tail);
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, 0));
    EXPECT_FALSE(card.write_reg(H2_REG_RING_TAIL, (tail + 1) % H2_DRIVER_RING));
    expect_error(card, H2_ERR_DOORBELL, H2_REG_RING_TAIL);
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
    expect_works(card, config);
  });
}

/// A tail that moves back would forget a descriptor.
TEST(Registers, StaleDoorbell) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 2);
    // The first keeps the Forward Engine busy; the queue behind it is four deep.
    for (int i = 0; i < 9; ++i) card.submit_raw(card.prepare(training_group, H2_OP_FORWARD));
    EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED | H2_STATUS_BUSY);
    EXPECT_NE(card.reg(H2_REG_RING_HEAD), 9U);
    EXPECT_FALSE(card.write_reg(H2_REG_RING_TAIL, 8));
    EXPECT_EQ(card.reg(H2_REG_ERROR), H2_ERR_DOORBELL);
    EXPECT_EQ(card.reg(H2_REG_RING_TAIL), 9U);
    while (card.reg(H2_REG_COMPLETION_HEAD) != 9) sc_core::wait(1, sc_core::SC_US);
    for (std::uint32_t i = 0; i < 9; ++i) {
      EXPECT_EQ(card.completion(i).tag, i + 1);
      EXPECT_EQ(card.completion(i).status, H2_OK);
    }
    card.load();
    expect_works(card, config);
  });
}

TEST(Registers, MaskedInterruptStaysDown) {
  on_card([](Card& card, const Config& config) {
    EXPECT_TRUE(card.write_reg(H2_REG_IRQ_MASK, 0));
    card.submit_raw(card.prepare(random_training_group(config, {2}, 2), H2_OP_FORWARD));
    while (card.reg(H2_REG_COMPLETION_HEAD) == 0) sc_core::wait(1, sc_core::SC_US);
    EXPECT_EQ(card.reg(H2_REG_IRQ_STATUS), H2_IRQ_COMPLETION);
    EXPECT_FALSE(card.host.irq.read());
    EXPECT_TRUE(card.write_reg(H2_REG_IRQ_MASK, H2_IRQ_COMPLETION));
    card.wait_irq();
    EXPECT_TRUE(card.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION));
    EXPECT_EQ(card.reg(H2_REG_IRQ_STATUS), 0U);
    EXPECT_FALSE(card.host.irq.read());
  });
}

TEST(Registers, CompletionRingOverrun) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 2);
    // The ring holds one completion less than it has entries; the host takes none out.
    for (std::uint32_t i = 1; i < H2_DRIVER_RING; ++i) {
      h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
      d.flags = H2_DESC_INFERENCE;
      card.submit_raw(d);
      while (card.reg(H2_REG_COMPLETION_HEAD) != i) sc_core::wait(1, sc_core::SC_US);
    }
    expect_no_error(card);
    const h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
    card.submit_raw(d);
    while (card.reg(H2_REG_ERROR) == H2_OK) sc_core::wait(1, sc_core::SC_US);
    expect_error(card, H2_ERR_COMPLETION, d.tag);
    EXPECT_EQ(card.reg(H2_REG_COMPLETION_HEAD), H2_DRIVER_RING - 1);
    EXPECT_EQ(card.completion(0).tag, 1U);  // not overwritten
    card.load();
    expect_works(card, config);
  });
}

/// The rings in memory that does not exist.
TEST(Registers, RingOutsideMemory) {
  on_card([](Card& card, const Config& config) {
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, 0));
    EXPECT_TRUE(card.write_reg(H2_REG_RING_BASE_HI, 0xFFFF));
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_ENABLE));
    EXPECT_TRUE(card.write_reg(H2_REG_RING_TAIL, 1));
    while (card.reg(H2_REG_ERROR) == H2_OK) sc_core::wait(1, sc_core::SC_US);
    expect_error(card, H2_ERR_RING, 0);
    card.load();
    expect_works(card, config);
  });
}

}  // namespace
}  // namespace h2
