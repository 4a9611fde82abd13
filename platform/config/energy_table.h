// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "modules/energy/cost_table.h"
#include "platform/config/energy_config.h"

namespace h2 {

/// The shipped cost tables as YAML, by preset.
const std::map<std::string, std::string>& energy_presets();

/// The table that the configuration names, with the base it builds on. A cost is refused whose unit
/// is not that of its quantity, whose value is not the product of its figures to 0.1 %, or that has
/// no status and source. Throws InputError: "file:line:column: key: what is wrong; legal: ...".
CostTable load_cost_table(const EnergyConfig& config);

}  // namespace h2
