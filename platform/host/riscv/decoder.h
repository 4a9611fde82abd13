// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "platform/host/riscv/instruction.h"

namespace h2 {

/// Bytes of the instruction that begins with these 16 bits: 2 or 4.
constexpr std::uint32_t instruction_bytes(std::uint32_t first_half) {
  return (first_half & 3) == 3 ? 4 : 2;
}

/// Decodes the instruction in `word` (its lower half if it is a compressed one) at `pc`. What
/// RV32IMAC does not define is `illegal`; of the SYSTEM opcode all is `system`.
Instruction decode(std::uint32_t word, std::uint32_t pc);

/// The 32-bit equivalent of a compressed instruction; 0, which is illegal, if there is none.
std::uint32_t expand(std::uint32_t half);

}  // namespace h2
