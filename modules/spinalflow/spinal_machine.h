// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/device/engine_info.h"
#include "modules/device/register_map.h"
#include "modules/spinalflow/spinal_layer.h"
#include "modules/spinalflow/spinal_neuron.h"

namespace h2 {

/// Everything about a SpinalFlow card that shapes results or cycles, but its clock.
struct SpinalMachine {
  SpinalUnit unit;
  std::uint32_t dma_bytes = 160;  ///< per cycle
  SpinalFire fire = SpinalFire::tick;
  SpinalReset reset = SpinalReset::zero;
  bool one_spike = false;
  int leak = 256;  ///< potential * leak / 256 between ticks
};

std::vector<EngineInfo> spinal_engines(const SpinalMachine& machine);
/// The registers all cards share, with the identification of SpinalFlow. `memory_bytes`: of each
/// memory.
RegisterMap spinal_registers(std::uint64_t memory_bytes);

}  // namespace h2
