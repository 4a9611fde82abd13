// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "memory/dram/memory_spec.h"

namespace h2 {

inline constexpr const char* kIdealPreset = "ideal";

/// Applies memory.preset: hbm2, ddr4_3200, lpddr4_2400 replace every memory.dram value; ideal
/// selects latency and bandwidth instead of banks and leaves HBM2's values in memory.dram.
void apply_memory_preset(MemorySpec& memory, const std::string& preset);

}  // namespace h2
