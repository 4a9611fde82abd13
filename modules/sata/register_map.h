// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/contract/h2_contract.h"
#include "modules/contract/register_map.h"
#include "modules/device/register_map.h"
#include "modules/h2learn/machine.h"
#include "modules/sata/sata_spec.h"

namespace h2 {

/// Bits of CAPABILITIES that H2Learn does not have.
std::uint32_t sata_capabilities(const SataSpec& array);

/// Registers of H2Learn's family with one memory of `memory_bytes`, and SATA's own.
RegisterMap sata_registers(const Machine& machine, const SataSpec& array,
                           std::uint64_t memory_bytes);

/// Those that H2Learn does not have, for the manual.
std::vector<Register> sata_own_registers(const SataSpec& array);

/// Register GATES and back.
std::uint32_t gate_bits(const SataGates& gates);
SataGates gates_of(std::uint32_t bits);

}  // namespace h2
