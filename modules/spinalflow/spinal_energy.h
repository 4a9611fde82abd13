// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/energy/energy_model.h"
#include "modules/spinalflow/spinal_layer.h"

namespace h2 {

/// What the unit is made of and what its events (spinal_events()) take: SPINALFLOW.md, "Energy and
/// area".
EnginePlan spinal_energy_plan(const SpinalUnit& unit);

}  // namespace h2
