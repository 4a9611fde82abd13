// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/trap.h"

namespace h2 {

std::uint32_t enter_trap(MachineState& state, const Trap& trap, std::uint32_t pc) {
  std::uint32_t status = state.mstatus & ~(kMstatusMie | kMstatusMpie | kMstatusMpp);
  if ((state.mstatus & kMstatusMie) != 0) status |= kMstatusMpie;
  if (state.privilege == Privilege::machine) status |= kMstatusMpp;
  state.mstatus = status;
  state.privilege = Privilege::machine;
  state.mepc = pc;
  state.mcause = trap.cause;
  state.mtval = trap.value;
  const bool vectored = (state.mtvec & 1) != 0 && (trap.cause & kInterrupt) != 0;
  return (state.mtvec & ~3U) + (vectored ? 4 * (trap.cause & ~kInterrupt) : 0);
}

std::uint32_t leave_trap(MachineState& state) {
  const bool to_machine = (state.mstatus & kMstatusMpp) == kMstatusMpp;
  std::uint32_t status = state.mstatus & ~(kMstatusMie | kMstatusMpp);
  if ((state.mstatus & kMstatusMpie) != 0) status |= kMstatusMie;
  if (!to_machine) status &= ~kMstatusMprv;
  state.mstatus = status | kMstatusMpie;
  state.privilege = to_machine ? Privilege::machine : Privilege::user;
  return state.mepc;
}

std::uint32_t interrupt_to_take(const MachineState& state, std::uint32_t lines) {
  const std::uint32_t ready = lines & state.mie;
  if (ready == 0) return 0;
  // User mode cannot hold back interrupts of machine mode.
  if (state.privilege == Privilege::machine && (state.mstatus & kMstatusMie) == 0) return 0;
  for (const std::uint32_t line : {11U, 3U, 7U})
    if ((ready & 1U << line) != 0) return kInterrupt | line;
  return 0;
}

std::string cause_text(std::uint32_t cause) {
  switch (cause) {
    case kFetchFault:
      return "instruction access fault";
    case kIllegal:
      return "illegal instruction";
    case kBreakpoint:
      return "ebreak";
    case kLoadMisaligned:
      return "misaligned load";
    case kLoadFault:
      return "load access fault";
    case kStoreMisaligned:
      return "misaligned store or AMO";
    case kStoreFault:
      return "store access fault";
    case kUserEcall:
      return "ecall from user mode";
    case kMachineEcall:
      return "ecall";
    case kInterrupt | 3:
      return "software interrupt";
    case kInterrupt | 7:
      return "timer interrupt";
    case kInterrupt | 11:
      return "external interrupt";
    default:
      return "trap";
  }
}

}  // namespace h2
