// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/soc_plic.h"

namespace h2 {
namespace {

constexpr std::uint32_t kPriorities = 7;          ///< mask
constexpr std::uint32_t kSources = ~1U;           ///< as bits; there is no source 0
constexpr std::uint32_t kStandardSources = 1024;  ///< those that are missing are wired to 0

constexpr bool in_bits(std::uint32_t offset, std::uint32_t first) {
  return offset >= first && offset < first + kStandardSources / 8;
}

}  // namespace

void SocPlic::reset() {
  used_ = false;
  priorities_.fill(0);
  pending_ = served_ = enabled_ = threshold_ = 0;
}

void SocPlic::advance() { pending_ |= lines() & ~served_ & kSources; }

bool SocPlic::interrupt() {
  if (!used_) return (lines() & 1U << H2_SOC_CARD_SOURCE) != 0;
  advance();
  return first(threshold_) != 0;
}

std::uint32_t SocPlic::first(std::uint32_t threshold) const {
  std::uint32_t best = 0, highest = threshold;
  for (std::uint32_t n = 1; n < H2_SOC_PLIC_SOURCES; ++n) {
    if ((pending_ & enabled_ & 1U << n) == 0 || priorities_[n] <= highest) continue;
    highest = priorities_[n];
    best = n;
  }
  return best;
}

bool SocPlic::read(std::uint32_t offset, std::uint32_t& value) {
  value = 0;
  if (offset < H2_SOC_PLIC_PRIORITY(kStandardSources)) {
    if (offset < H2_SOC_PLIC_PRIORITY(H2_SOC_PLIC_SOURCES)) value = priorities_[offset / 4];
  } else if (in_bits(offset, H2_SOC_PLIC_PENDING)) {
    if (offset == H2_SOC_PLIC_PENDING) value = pending_;
  } else if (in_bits(offset, H2_SOC_PLIC_ENABLE)) {
    if (offset == H2_SOC_PLIC_ENABLE) value = enabled_;
  } else if (offset == H2_SOC_PLIC_THRESHOLD) {
    value = threshold_;
  } else if (offset == H2_SOC_PLIC_CLAIM) {
    value = first(0);  // the threshold masks the line, not the claim
  } else {
    return false;
  }
  return true;
}

void SocPlic::was_read(std::uint32_t offset) {
  if (offset != H2_SOC_PLIC_CLAIM) return;
  const std::uint32_t claimed = 1U << first(0) & kSources;
  pending_ &= ~claimed;
  served_ |= claimed;
}

bool SocPlic::write(std::uint32_t offset, std::uint32_t value) {
  if (offset < H2_SOC_PLIC_PRIORITY(kStandardSources)) {
    const std::uint32_t source = offset / 4;
    if (source > 0 && source < H2_SOC_PLIC_SOURCES) priorities_[source] = value & kPriorities;
  } else if (in_bits(offset, H2_SOC_PLIC_ENABLE)) {
    if (offset == H2_SOC_PLIC_ENABLE) enabled_ = value & kSources;
  } else if (offset == H2_SOC_PLIC_THRESHOLD) {
    threshold_ = value & kPriorities;
  } else if (offset == H2_SOC_PLIC_CLAIM) {
    // What is not enabled cannot be completed: the specification has it ignored.
    if (value < H2_SOC_PLIC_SOURCES) served_ &= ~(1U << value & enabled_);
  } else if (!in_bits(offset, H2_SOC_PLIC_PENDING)) {
    return false;
  }
  used_ = true;
  return true;
}

}  // namespace h2
