#pragma once

#include <cstdint>

// Fields of the control and status registers of machine mode (RISC-V Privileged Architecture).

namespace h2 {

constexpr std::uint32_t kMstatusMie = 1U << 3, kMstatusMpie = 1U << 7, kMstatusMpp = 3U << 11;

/// Of mcause: the trap is an interrupt, its number in the other bits.
constexpr std::uint32_t kInterrupt = 1U << 31;

/// Exceptions in mcause.
enum Cause : std::uint32_t {
  kFetchFault = 1,
  kIllegal = 2,
  kBreakpoint = 3,
  kLoadFault = 5,
  kStoreFault = 7,
  kUserEcall = 8,
  kEcall = 11,
};

}  // namespace h2
