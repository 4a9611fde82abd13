// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/energy/energy_model.h"
#include "modules/sata/sata_spec.h"

namespace h2 {

/// What SATA's array is made of and what its events take, at FP16; formulas in SATA.md.
std::vector<EnginePlan> sata_energy_plan(const SataSpec& array);

}  // namespace h2
