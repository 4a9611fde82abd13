// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// Bits of mie and mip: software, timer and external interrupt of machine mode.
constexpr std::uint32_t kMsip = 1U << 3, kMtip = 1U << 7, kMeip = 1U << 11;

/// What a processor sees of the world outside its RAM. Time is that at which the instruction under
/// way begins.
class RiscvBus {
 public:
  virtual ~RiscvBus() = default;
  /// A load or store of 1, 2 or 4 bytes outside RAM, aligned or not; false: access fault.
  virtual bool access(bool write, std::uint32_t address, void* data, unsigned bytes) = 0;
  /// Interrupt lines that are up now, as bits of mip.
  virtual std::uint32_t pending() = 0;
  /// Instructions during which no line changes unless one of them accesses a device; 1 or more.
  virtual std::uint64_t quiet_instructions() = 0;
  /// Simulated time in clocks of the processor, and in ticks of the timer.
  virtual std::uint64_t cycles() = 0;
  virtual std::uint64_t mtime() = 0;
};

}  // namespace h2
