// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "platform/host/host_cpu.h"

namespace h2 {

/// "0x10000024 (STATUS)" for a register of the card, the address alone elsewhere.
std::string place_text(std::uint64_t address);

/// The fields in which two values of the register at a bus address differ under `mask`, as
/// ": STATUS.ERROR is 1, expected 0"; "" for any other address.
std::string difference_text(std::uint64_t address, std::uint32_t got, std::uint32_t expected,
                            std::uint32_t mask);

/// The oldest error of the card, as "; ERROR = OPCODE, tag 7", and "" if there is none. Takes no
/// time and changes nothing.
std::string error_text(HostCpu& host);

/// The card's interrupt registers with names of fields, as
/// "IRQ_STATUS = COMPLETION, IRQ_MASK = nothing".
std::string interrupt_text(HostCpu& host);

}  // namespace h2
