// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/contract/register_map.h"
#include "modules/device/register_map.h"
#include "modules/h2learn/machine.h"
#include "modules/multicore/multicore_spec.h"

namespace h2 {

/// Registers of H2Learn's family with three memories of `memory_bytes`, and those of the mesh.
RegisterMap multicore_registers(const Machine& machine, const MulticoreSpec& spec,
                                std::uint64_t memory_bytes);

/// Those that H2Learn does not have, for the manual.
std::vector<Register> multicore_own_registers(const MulticoreSpec& spec);

}  // namespace h2
