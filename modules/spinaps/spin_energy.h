// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/energy/energy_model.h"
#include "modules/spinaps/spinaps_machine.h"

namespace h2 {

/// What the card is made of and what its events (spin_events()) take: cells from the machine's own
/// figures, everything else from the cost table. SPINAPS.md, "Energy". `machine.arrays` is
/// their number.
EnginePlan spin_energy_plan(const SpinApsMachine& machine, int classes);

}  // namespace h2
