// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/energy/energy_model.h"

namespace h2 {

struct Config;

/// The engines' plans and the external memory at the prices that the configuration names. Throws
/// InputError if its table cannot be read.
EnergyModel energy_model(const Config& config, const std::vector<EnginePlan>& plan);

}  // namespace h2
