// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/soc_devices.h"

#include <algorithm>

#include "platform/host/riscv/h2_soc.h"

namespace h2 {
namespace {

std::uint32_t half(std::uint64_t value, bool high) {
  return static_cast<std::uint32_t>(high ? value >> 32 : value);
}

std::uint64_t with_half(std::uint64_t value, bool high, std::uint32_t half) {
  const int shift = high ? 32 : 0;
  const std::uint64_t mask = std::uint64_t{0xFFFFFFFF} << shift;
  return (value & ~mask) | std::uint64_t{half} << shift;
}

}  // namespace

SocTimer::SocTimer(sc_core::sc_module_name name)
    : SocDevice(name), tick_(1.0 / H2_SOC_TIMER_HZ, sc_core::SC_SEC) {}

void SocTimer::reset() {
  start_ = sc_core::sc_time_stamp();
  compare_ = ~std::uint64_t{0};
  software_interrupt_ = false;
}

sc_core::sc_time SocTimer::deadline() const {
  const sc_core::sc_time last = sc_core::sc_max_time();
  if (compare_ >= (last - start_).value() / tick_.value()) return last;
  return start_ + sc_core::sc_time::from_value(compare_ * tick_.value());
}

bool SocTimer::read(std::uint32_t offset, std::uint32_t& value) {
  switch (offset) {
    case H2_SOC_TIMER_MSIP:
      value = software_interrupt_ ? 1 : 0;
      return true;
    case H2_SOC_TIMER_MTIMECMP:
    case H2_SOC_TIMER_MTIMECMP + 4:
      value = half(compare_, offset != H2_SOC_TIMER_MTIMECMP);
      return true;
    case H2_SOC_TIMER_MTIME:
    case H2_SOC_TIMER_MTIME + 4:
      value = half(ticks(sc_core::sc_time_stamp()), offset != H2_SOC_TIMER_MTIME);
      return true;
    default:
      return false;
  }
}

bool SocTimer::write(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case H2_SOC_TIMER_MSIP:
      software_interrupt_ = (value & 1) != 0;
      return true;
    case H2_SOC_TIMER_MTIMECMP:
    case H2_SOC_TIMER_MTIMECMP + 4:
      compare_ = with_half(compare_, offset != H2_SOC_TIMER_MTIMECMP, value);
      return true;
    default:
      return false;
  }
}

void SocDma::reset() { card_low_ = card_high_ = address_ = bytes_ = status_ = 0; }

bool SocDma::read(std::uint32_t offset, std::uint32_t& value) {
  switch (offset) {
    case H2_SOC_DMA_CARD_LO:
      value = card_low_;
      return true;
    case H2_SOC_DMA_CARD_HI:
      value = card_high_;
      return true;
    case H2_SOC_DMA_RAM:
      value = address_;
      return true;
    case H2_SOC_DMA_BYTES:
      value = bytes_;
      return true;
    case H2_SOC_DMA_CONTROL:
      value = 0;
      return true;
    case H2_SOC_DMA_STATUS:
      value = status_;
      return true;
    default:
      return false;
  }
}

bool SocDma::write(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case H2_SOC_DMA_CARD_LO:
      card_low_ = value;
      return true;
    case H2_SOC_DMA_CARD_HI:
      card_high_ = value;
      return true;
    case H2_SOC_DMA_RAM:
      address_ = value;
      return true;
    case H2_SOC_DMA_BYTES:
      bytes_ = value;
      return true;
    case H2_SOC_DMA_CONTROL:
      if (value != H2_SOC_DMA_READ && value != H2_SOC_DMA_WRITE) return false;
      status_ = transfer(value == H2_SOC_DMA_READ ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND)
                    ? H2_SOC_DMA_DONE
                    : H2_SOC_DMA_ERROR;
      return true;
    default:
      return false;
  }
}

bool SocDma::transfer(tlm::tlm_command command) {
  const std::uint64_t card = with_half(card_low_, true, card_high_);
  std::uint8_t* const data = ram_.at(address_, bytes_);
  if (data == nullptr) return false;
  for (std::uint32_t done = 0; done < bytes_; done += H2_SOC_DMA_BURST) {
    const std::uint32_t bytes = std::min(bytes_ - done, H2_SOC_DMA_BURST);
    if (host_.transport(command, card + done, data + done, bytes) != tlm::TLM_OK_RESPONSE)
      return false;
  }
  return true;
}

void SocFinisher::reset() {
  finished_ = wants_reset_ = false;
  code_ = 0;
}

void SocFinisher::finish(int code) {
  finished_ = true;
  code_ = code;
}

bool SocFinisher::read(std::uint32_t offset, std::uint32_t& value) {
  value = 0;
  return offset == 0;
}

bool SocFinisher::write(std::uint32_t offset, std::uint32_t value) {
  if (offset != 0) return false;
  const std::uint32_t code = value >> 16;
  switch (value & 0xFFFF) {
    case H2_SOC_FINISHER_PASS:
      finish(0);
      return true;
    case H2_SOC_FINISHER_FAIL:
      // A failure must not look like success to a shell, which sees eight bits.
      finish(code == 0 ? 1 : static_cast<int>(std::min(code, 255U)));
      return true;
    case H2_SOC_FINISHER_RESET:
      wants_reset_ = true;
      return true;
    default:
      return false;
  }
}

}  // namespace h2
