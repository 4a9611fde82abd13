// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/soc_uart.h"

#include <algorithm>
#include <cmath>

#include "platform/host/riscv/h2_soc.h"

namespace h2 {
namespace {

constexpr double kBaud = 115200;  ///< after reset
constexpr std::uint32_t kControl = 7U << 16 | 3U, kDivisor = 0xFFFF;

std::uint32_t watermark(std::uint32_t control) { return control >> 16 & 7; }

}  // namespace

SocUart::SocUart(sc_core::sc_module_name name, std::ostream& out, sc_core::sc_time period)
    : SocDevice(name, Width::any), out_(out), period_(period) {
  reset();
}

void SocUart::reset() {
  flush();
  transmit_ = receive_ = enabled_ = 0;
  const double clocks = 1 / (kBaud * period_.to_seconds());
  divisor_ = static_cast<std::uint32_t>(std::clamp(std::round(clocks) - 1, 0.0, double{kDivisor}));
  received_.clear();
}

void SocUart::flush() {
  if (!line_.empty()) out_ << line_ << std::flush;
  line_.clear();
}

void SocUart::put(std::uint8_t byte) {
  constexpr std::size_t kLongestLine = 4096;  // a line without end is shown in parts
  if (written_ >= most_bytes) return;
  ++written_;
  line_ += static_cast<char>(byte);
  if (byte == '\n' || line_.size() == kLongestLine) flush();
}

// Receiver.

sc_core::sc_time SocUart::byte_time() const {
  return static_cast<double>(H2_SOC_UART_BITS * (divisor_ + 1)) * period_;
}

void SocUart::receive(sc_core::sc_time now) {
  if (input == nullptr || (receive_ & H2_SOC_UART_ENABLE) == 0) return;
  while (next_ <= now && received_.size() < H2_SOC_UART_FIFO && !input->ended()) {
    const std::optional<std::uint8_t> byte = input->next();
    if (byte) received_.push_back(*byte);
    next_ = (byte ? next_ : now) + byte_time();
  }
}

std::optional<std::uint8_t> SocUart::take() {
  if (received_.empty()) return input == nullptr ? std::nullopt : input->next();
  const std::uint8_t byte = received_.front();
  was_read(H2_SOC_UART_RXDATA);
  return byte;
}

void SocUart::advance() { receive(sc_core::sc_time_stamp()); }

std::uint32_t SocUart::conditions() const {
  return (watermark(transmit_) > 0 ? H2_SOC_UART_TXWM : 0) |
         (received_.size() > watermark(receive_) ? H2_SOC_UART_RXWM : 0);
}

bool SocUart::interrupt(sc_core::sc_time now) {
  if (enabled_ == 0) return false;
  receive(now);
  return (conditions() & enabled_) != 0;
}

sc_core::sc_time SocUart::deadline() const {
  const bool may = input != nullptr && !input->ended() && (enabled_ & H2_SOC_UART_RXWM) != 0 &&
                   (receive_ & H2_SOC_UART_ENABLE) != 0 && received_.size() < H2_SOC_UART_FIFO &&
                   (conditions() & H2_SOC_UART_RXWM) == 0;
  return may ? next_ : sc_core::sc_max_time();
}

// Registers.

bool SocUart::read(std::uint32_t offset, std::uint32_t& value) {
  switch (offset) {
    case H2_SOC_UART_TXDATA:
      value = 0;
      return true;
    case H2_SOC_UART_RXDATA:
      value = received_.empty() ? H2_SOC_UART_EMPTY : received_.front();
      return true;
    case H2_SOC_UART_TXCTRL:
      value = transmit_;
      return true;
    case H2_SOC_UART_RXCTRL:
      value = receive_;
      return true;
    case H2_SOC_UART_IE:
      value = enabled_;
      return true;
    case H2_SOC_UART_IP:
      value = conditions();
      return true;
    case H2_SOC_UART_DIV:
      value = divisor_;
      return true;
    default:
      return false;
  }
}

void SocUart::was_read(std::uint32_t offset) {
  if (offset != H2_SOC_UART_RXDATA || received_.empty()) return;
  // Room again: the byte that the sender has kept back begins now.
  if (received_.size() == H2_SOC_UART_FIFO)
    next_ = std::max(next_, sc_core::sc_time_stamp() + byte_time());
  received_.pop_front();
}

bool SocUart::write(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case H2_SOC_UART_TXDATA:
      put(static_cast<std::uint8_t>(value));
      return true;
    case H2_SOC_UART_TXCTRL:
      transmit_ = value & kControl;
      return true;
    case H2_SOC_UART_RXCTRL:
      if ((value & ~receive_ & H2_SOC_UART_ENABLE) != 0)
        next_ = sc_core::sc_time_stamp() + byte_time();
      receive_ = value & kControl;
      return true;
    case H2_SOC_UART_IE:
      enabled_ = value & (H2_SOC_UART_TXWM | H2_SOC_UART_RXWM);
      return true;
    case H2_SOC_UART_DIV:
      divisor_ = value & kDivisor;
      return true;
    case H2_SOC_UART_IP:
    case H2_SOC_UART_RXDATA:  // read only: ignored, as the hardware does
      return true;
    default:
      return false;
  }
}

}  // namespace h2
