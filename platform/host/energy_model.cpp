// SPDX-License-Identifier: Apache-2.0
#include "platform/host/energy_model.h"

#include "platform/config/config.h"
#include "platform/config/energy_table.h"
#include "platform/config/presets.h"

namespace h2 {

EnergyModel energy_model(const Config& config, const std::vector<EnginePlan>& plan) {
  const CostTable table = load_cost_table(config.energy);
  EnergyModel model;
  model.table = table.name;
  model.clock_hz = config.machine.clock_mhz * 1e6;
  for (const EnginePlan& engine : plan) model.engines.push_back(price(engine, table));
  model.dram = price_dram(config.memory.ideal ? kIdealPreset : config.memory.dram.preset, table);
  return model;
}

}  // namespace h2
