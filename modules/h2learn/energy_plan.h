// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/energy/energy_model.h"
#include "modules/h2learn/machine.h"

namespace h2 {

/// What the engines of h2learn_engines() are made of and what their events (h2learn_events()) take,
/// in the same order. Formulas and choices: modules/energy/ENERGY.md.
std::vector<EnginePlan> h2learn_energy_plan(const Machine& machine);

}  // namespace h2
