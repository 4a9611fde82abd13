// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/host/riscv/riscv_core.h"

/// The processor's registers as debuggers number them: x0 to x31, pc, then the control and status
/// registers at 65 plus their own number, as GDB counts.
namespace h2::registers {

/// x0 to x31 and pc, which one packet carries together.
constexpr std::uint32_t kTogether = 33;

/// Names, numbers of DWARF and roles (pc, sp, ra, ...): the document target.xml.
std::string description();
/// Nothing for a number that no register has.
std::optional<std::uint32_t> get(const RiscvCore& core, std::uint32_t number);
/// False for a number that no register has, and for one that cannot be written.
bool set(RiscvCore& core, std::uint32_t number, std::uint32_t value);

}  // namespace h2::registers
