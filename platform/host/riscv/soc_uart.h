// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <systemc>

#include "platform/host/riscv/console_input.h"
#include "platform/host/riscv/soc_device.h"

namespace h2 {

/// Console in SiFive's layout. What is transmitted goes to a stream at once; what an input holds
/// arrives at the speed of the line, while the receiver is enabled and has room.
class SocUart : public SocDevice {
 public:
  /// `period` is the clock that the speed of the line is divided from.
  SocUart(sc_core::sc_module_name name, std::ostream& out, sc_core::sc_time period);
  void reset() override;

  /// Null: nothing is ever received.
  ConsoleInput* input = nullptr;
  /// What a program transmits beyond is lost.
  std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max();

  /// Bytes transmitted, and whether the stream took them.
  std::uint64_t written() const { return written_; }
  bool failed() const { return !out_; }

  /// Shows what has been transmitted; a line that has not ended, too.
  void flush();
  /// Transmits a byte, and takes one that has been received or is there to be.
  void put(std::uint8_t byte);
  std::optional<std::uint8_t> take();
  /// The line to the interrupt controller.
  bool interrupt(sc_core::sc_time now);
  /// When the interrupt may come by itself; sc_max_time(): never.
  sc_core::sc_time deadline() const;

 private:
  void advance() override;
  bool read(std::uint32_t offset, std::uint32_t& value) override;
  void was_read(std::uint32_t offset) override;
  bool write(std::uint32_t offset, std::uint32_t value) override;

  void receive(sc_core::sc_time now);
  std::uint32_t conditions() const;
  sc_core::sc_time byte_time() const;

  std::ostream& out_;
  const sc_core::sc_time period_;
  std::string line_;  ///< transmitted, not yet shown
  std::uint64_t written_ = 0;
  std::uint32_t transmit_ = 0, receive_ = 0, enabled_ = 0, divisor_ = 0;
  std::deque<std::uint8_t> received_;
  sc_core::sc_time next_;  ///< when the next byte has arrived
};

}  // namespace h2
