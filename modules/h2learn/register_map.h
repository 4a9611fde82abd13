// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/device/register_map.h"
#include "modules/h2learn/machine.h"

namespace h2 {

/// The contract's registers of a card with this machine and three memories of `memory_bytes`.
RegisterMap h2learn_registers(const Machine& machine, std::uint64_t memory_bytes,
                              std::uint32_t memories = 3);

}  // namespace h2
