// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "memory/bus/payload.h"
#include "modules/base/error.h"
#include "platform/host/riscv/console_input.h"
#include "platform/host/riscv/h2_soc.h"
#include "platform/host/riscv/soc_plic.h"
#include "platform/host/riscv/soc_uart.h"
#include "tests/platform/simulation.h"
#include "tests/test_folder.h"

namespace h2 {
namespace {

/// Drives the registers of one device.
class Driver : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Driver> socket{"socket"};
  explicit Driver(sc_core::sc_module_name name) : sc_module(name) {
    SC_HAS_PROCESS(Driver);
    SC_METHOD(begin);  // SystemC complains about a start at which nothing happens
  }

  std::optional<std::uint32_t> read(std::uint32_t offset, unsigned bytes = 4) {
    std::uint32_t value = 0;
    return access(tlm::TLM_READ_COMMAND, offset, &value, bytes) ? std::optional(value)
                                                                : std::nullopt;
  }
  bool write(std::uint32_t offset, std::uint32_t value, unsigned bytes = 4) {
    return access(tlm::TLM_WRITE_COMMAND, offset, &value, bytes);
  }
  /// As a debugger looks.
  std::uint32_t peek(std::uint32_t offset) {
    tlm::tlm_generic_payload payload;
    std::uint32_t value = 0;
    set_access(payload, tlm::TLM_READ_COMMAND, offset, &value, 4);
    EXPECT_EQ(socket->transport_dbg(payload), 4U);
    return value;
  }

 private:
  void begin() {}
  bool access(tlm::tlm_command command, std::uint32_t offset, void* data, unsigned bytes) {
    tlm::tlm_generic_payload payload;
    set_access(payload, command, offset, data, bytes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    return payload.is_response_ok();
  }
};

class PlicTest : public ::testing::Test {
 protected:
  PlicTest() {
    driver_.socket.bind(plic_.socket);
    plic_.lines = [this] { return lines_; };
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  void enable(std::uint32_t source, std::uint32_t priority) {
    driver_.write(H2_SOC_PLIC_PRIORITY(source), priority);
    driver_.write(H2_SOC_PLIC_ENABLE, *driver_.read(H2_SOC_PLIC_ENABLE) | 1U << source);
  }
  std::uint32_t claim() { return *driver_.read(H2_SOC_PLIC_CLAIM); }
  void complete(std::uint32_t source) { driver_.write(H2_SOC_PLIC_CLAIM, source); }

  FreshContext context_;
  std::uint32_t lines_ = 0;
  SocPlic plic_{"plic"};
  Driver driver_{"driver"};
};

TEST_F(PlicTest, CardInterruptsDirectlyUntilTheFirstWrite) {
  lines_ = 1U << H2_SOC_UART_SOURCE;
  EXPECT_FALSE(plic_.interrupt());
  lines_ = 1U << H2_SOC_CARD_SOURCE;
  EXPECT_TRUE(plic_.interrupt());
  driver_.read(H2_SOC_PLIC_CLAIM);
  EXPECT_TRUE(plic_.interrupt());
  driver_.write(H2_SOC_PLIC_THRESHOLD, 0);
  EXPECT_FALSE(plic_.interrupt());
  plic_.reset();
  EXPECT_TRUE(plic_.interrupt());
}

TEST_F(PlicTest, HighestPriorityFirstThenLowestNumber) {
  enable(9, 2);
  enable(5, 2);
  enable(7, 6);
  lines_ = 1U << 5 | 1U << 7 | 1U << 9;
  ASSERT_TRUE(plic_.interrupt());
  EXPECT_EQ(claim(), 7U);
  EXPECT_EQ(claim(), 5U);
  EXPECT_EQ(claim(), 9U);
  EXPECT_EQ(claim(), 0U);
  EXPECT_FALSE(plic_.interrupt());
}

TEST_F(PlicTest, LevelIsSeenAgainAfterCompletion) {
  enable(4, 1);
  lines_ = 1U << 4;
  EXPECT_EQ(claim(), 4U);
  EXPECT_FALSE(plic_.interrupt());  // it is being served
  complete(4);
  EXPECT_TRUE(plic_.interrupt());
  EXPECT_EQ(claim(), 4U);
  lines_ = 0;
  complete(4);
  EXPECT_FALSE(plic_.interrupt());
}

TEST_F(PlicTest, ThresholdMasksTheLineButNotTheClaim) {
  enable(4, 3);
  driver_.write(H2_SOC_PLIC_THRESHOLD, 3);
  lines_ = 1U << 4;
  EXPECT_FALSE(plic_.interrupt());
  EXPECT_EQ(claim(), 4U);
}

TEST_F(PlicTest, DisabledAndPriorityZeroNeverInterrupt) {
  enable(4, 0);
  driver_.write(H2_SOC_PLIC_PRIORITY(5), 7);
  lines_ = 1U << 4 | 1U << 5;
  EXPECT_FALSE(plic_.interrupt());
  EXPECT_EQ(*driver_.read(H2_SOC_PLIC_PENDING), lines_);
  EXPECT_EQ(claim(), 0U);
}

TEST_F(PlicTest, LookingClaimsNothing) {
  enable(4, 1);
  lines_ = 1U << 4;
  ASSERT_TRUE(plic_.interrupt());
  EXPECT_EQ(driver_.peek(H2_SOC_PLIC_CLAIM), 4U);
  EXPECT_EQ(driver_.peek(H2_SOC_PLIC_CLAIM), 4U);
  EXPECT_EQ(claim(), 4U);
}

TEST_F(PlicTest, MissingSourcesAreZeroAndTheRestIsRefused) {
  EXPECT_TRUE(driver_.write(H2_SOC_PLIC_PRIORITY(53), 7));
  EXPECT_EQ(*driver_.read(H2_SOC_PLIC_PRIORITY(53)), 0U);
  EXPECT_TRUE(driver_.write(H2_SOC_PLIC_ENABLE + 4, ~0U));
  EXPECT_EQ(*driver_.read(H2_SOC_PLIC_ENABLE + 4), 0U);
  EXPECT_FALSE(driver_.read(H2_SOC_PLIC_THRESHOLD + 0x1000).has_value());
  EXPECT_FALSE(driver_.write(H2_SOC_PLIC_PRIORITY(4), 1, 1));  // words only
}

class UartTest : public ::testing::Test {
 protected:
  UartTest() {
    driver_.socket.bind(uart_.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    driver_.write(H2_SOC_UART_DIV, 99);  // a byte takes 1000 clocks, 10 us
  }
  ~UartTest() override { std::filesystem::remove(path_); }
  void give(const std::string& text) {
    std::ofstream(path_) << text;
    uart_.input = &input_.emplace(path_);
    driver_.write(H2_SOC_UART_RXCTRL, H2_SOC_UART_ENABLE | 2U << 16);  // more than two
  }
  static void pass(double microseconds) {
    sc_core::sc_start(sc_core::sc_time(microseconds, sc_core::SC_US));
  }
  bool interrupt() { return uart_.interrupt(sc_core::sc_time_stamp()); }

  FreshContext context_;
  std::string path_ = (test_folder() / "uart").string();
  std::ostringstream console_;
  std::optional<ConsoleInput> input_;
  SocUart uart_{"uart", console_, sc_core::sc_time(10, sc_core::SC_NS)};
  Driver driver_{"driver"};
};

TEST_F(UartTest, TransmitsBytesHalvesAndWords) {
  for (const unsigned bytes : {1U, 2U, 4U})
    EXPECT_TRUE(driver_.write(H2_SOC_UART_TXDATA, 'a' + bytes, bytes));
  EXPECT_FALSE(driver_.write(H2_SOC_UART_TXDATA + 1, 'x', 1));
  uart_.flush();
  EXPECT_EQ(console_.str(), "bce");
}

TEST_F(UartTest, BytesArriveAtTheSpeedOfTheLine) {
  give("abc");
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), H2_SOC_UART_EMPTY);
  pass(9.99);
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), H2_SOC_UART_EMPTY);
  pass(0.01);
  EXPECT_EQ(driver_.peek(H2_SOC_UART_RXDATA), H2_SOC_UART_EMPTY);  // looking receives nothing
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA, 1), std::uint32_t{'a'});
  pass(20);
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), std::uint32_t{'b'});
  EXPECT_EQ(driver_.peek(H2_SOC_UART_RXDATA), std::uint32_t{'c'});
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), std::uint32_t{'c'});
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), H2_SOC_UART_EMPTY);
}

TEST_F(UartTest, NothingIsLostWhileTheReceiverIsFull) {
  give("0123456789");
  pass(1000);
  std::string text;
  for (int i = 0; i < 8; ++i) text += static_cast<char>(*driver_.read(H2_SOC_UART_RXDATA));
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), H2_SOC_UART_EMPTY);
  pass(10);
  text += static_cast<char>(*driver_.read(H2_SOC_UART_RXDATA));
  pass(10);
  text += static_cast<char>(*driver_.read(H2_SOC_UART_RXDATA));
  EXPECT_EQ(text, "0123456789");
}

TEST_F(UartTest, WatermarkInterruptsAndItsTimeIsKnown) {
  give("abcd");
  driver_.write(H2_SOC_UART_IE, H2_SOC_UART_RXWM);
  EXPECT_FALSE(interrupt());
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(interrupt());
    const sc_core::sc_time due = uart_.deadline();
    ASSERT_GT(due, sc_core::sc_time_stamp());
    sc_core::sc_start(due - sc_core::sc_time_stamp());
  }
  EXPECT_TRUE(interrupt());
  EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::sc_time(30, sc_core::SC_US));
  EXPECT_EQ(*driver_.read(H2_SOC_UART_IP), H2_SOC_UART_RXWM);
  driver_.read(H2_SOC_UART_RXDATA);
  EXPECT_FALSE(interrupt());
}

TEST_F(UartTest, ReceivesNothingWhileDisabled) {
  give("a");
  driver_.write(H2_SOC_UART_RXCTRL, 0);
  pass(100);
  EXPECT_EQ(*driver_.read(H2_SOC_UART_RXDATA), H2_SOC_UART_EMPTY);
  EXPECT_EQ(uart_.deadline(), sc_core::sc_max_time());
}

TEST(ConsoleInputTest, WhatCannotBeReadIsNamed) {
  for (const std::string path : {"/nowhere", "/tmp"}) {
    try {
      const ConsoleInput input(path);
      ADD_FAILURE() << path << " accepted";
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace h2
