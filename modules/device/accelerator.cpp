// SPDX-License-Identifier: Apache-2.0
#include "modules/device/accelerator.h"

namespace h2 {

void Accelerator::show_power(const std::vector<EngineCosts>& costs) {
  for (std::size_t i = 0; i < engines_.size() && i < costs.size(); ++i) {
    engines_[i]->show_power(costs[i].event_pj, costs[i].clock_pj);
  }
}

void Accelerator::connect(Probes& probes, Interconnect& bus) {
  probes.connect(commands_->bus, bus.initiators);
  for (const auto& engine : engines_) {
    probes.connect(engine->load_port.socket, bus.initiators);
    probes.connect(engine->store_port.socket, bus.initiators);
  }
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    probes.connect(engines_[i]->glb_socket, glbs_[i]->socket);
  }
  auto& registers = commands_->registers.socket;
  probes.connect(bus.targets, registers, registers);
}

}  // namespace h2
