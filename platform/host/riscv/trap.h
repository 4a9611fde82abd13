// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "platform/host/riscv/csr_file.h"
#include "platform/host/riscv/riscv_csr.h"

namespace h2 {

/// An exception or interrupt: what mcause and mtval will hold.
struct Trap {
  std::uint32_t cause = 0, value = 0;
};

/// Takes the trap in front of the instruction at `pc`; returns the address of its handler.
std::uint32_t enter_trap(MachineState& state, const Trap& trap, std::uint32_t pc);

/// mret: returns the address to go on at.
std::uint32_t leave_trap(MachineState& state);

/// The interrupt to be taken while these lines are up, by priority; 0 for none.
std::uint32_t interrupt_to_take(const MachineState& state, std::uint32_t lines);

/// "load access fault", for messages.
std::string cause_text(std::uint32_t cause);

}  // namespace h2
