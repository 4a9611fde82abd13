// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/device/engine_info.h"
#include "modules/energy/energy_model.h"
#include "modules/multicore/multicore_spec.h"

namespace h2 {

/// Engines of a core, in this order: 0 forward, 1 backward, 2 weight gradient and optimiser.
enum CoreEngine { kCoreForward, kCoreBackward, kCoreWeights, kCoreEngines };
/// Index in the accelerator's list.
constexpr int engine_index(int core, CoreEngine engine) { return core * kCoreEngines + engine; }

/// "core0_fp", "core0_bp", "core0_wg", "core1_fp", ...
std::vector<EngineInfo> multicore_engines(const MulticoreSpec& spec, bool unified);
/// What they are made of, in primitives of the cost tables.
std::vector<EnginePlan> multicore_energy_plan(const MulticoreSpec& spec);

}  // namespace h2
