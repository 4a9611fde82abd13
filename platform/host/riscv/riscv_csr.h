// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Numbers and fields of the control and status registers, as the RISC-V privileged architecture
// names them.

namespace h2 {

enum class Privilege : std::uint8_t { user = 0, machine = 3 };

enum Csr : std::uint32_t {
  kCsrMstatus = 0x300,
  kCsrMisa = 0x301,
  kCsrMie = 0x304,
  kCsrMtvec = 0x305,
  kCsrMcounteren = 0x306,
  kCsrMenvcfg = 0x30A,
  kCsrMstatush = 0x310,
  kCsrMenvcfgh = 0x31A,
  kCsrMcountinhibit = 0x320,
  kCsrMhpmevent3 = 0x323,
  kCsrMhpmevent31 = 0x33F,
  kCsrMscratch = 0x340,
  kCsrMepc = 0x341,
  kCsrMcause = 0x342,
  kCsrMtval = 0x343,
  kCsrMip = 0x344,
  kCsrMcycle = 0xB00,
  kCsrMinstret = 0xB02,
  kCsrMhpmcounter3 = 0xB03,
  kCsrMhpmcounter31 = 0xB1F,
  kCsrCycle = 0xC00,
  kCsrTime = 0xC01,
  kCsrInstret = 0xC02,
  kCsrHpmcounter31 = 0xC1F,
  kCsrMvendorid = 0xF11,
  kCsrMconfigptr = 0xF15,
};
/// Between the number of a counter and that of its upper half.
constexpr std::uint32_t kCsrHigh = 0x80;

constexpr std::uint32_t kMstatusMie = 1U << 3, kMstatusMpie = 1U << 7, kMstatusMpp = 3U << 11,
                        kMstatusMprv = 1U << 17, kMstatusTw = 1U << 21;

/// 32 bits, with the extensions A, C, I, M and user mode.
constexpr std::uint32_t kMisa = 1U << 30 | 1U << 0 | 1U << 2 | 1U << 8 | 1U << 12 | 1U << 20;

/// Bits of mcounteren and mcountinhibit.
constexpr std::uint32_t kCounterCycle = 1, kCounterTime = 2, kCounterInstret = 4;

/// Of mcause: the trap is an interrupt, its number in the other bits.
constexpr std::uint32_t kInterrupt = 1U << 31;

/// Exceptions in mcause.
enum Cause : std::uint32_t {
  kFetchFault = 1,
  kIllegal = 2,
  kBreakpoint = 3,
  kLoadMisaligned = 4,
  kLoadFault = 5,
  kStoreMisaligned = 6,
  kStoreFault = 7,
  kUserEcall = 8,
  kMachineEcall = 11,
};

}  // namespace h2
