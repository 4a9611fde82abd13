// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/accelerator.h"

#include "modules/spinalflow/machine/spinal_engine.h"
#include "modules/spinalflow/spinal_energy.h"
#include "modules/spinalflow/spinal_events.h"

namespace h2 {

SpinalFlowAccelerator::SpinalFlowAccelerator(const SpinalMachine& machine, const Settings& settings,
                                             Trace& trace)
    : schedule_(machine.unit, settings.schedule) {
  info_ = spinal_engines(machine);
  events_ = spinal_events();
  energy_plan_ = {spinal_energy_plan(machine.unit)};
  numerics_ = "8-bit weights, 32-bit integer potentials";
  const std::string memory = settings.prefix + "filter_memory";
  glbs_.push_back(std::make_unique<Glb>(memory.c_str(), machine.unit.filter_bytes, trace));
  SpinalEngine::Settings s;
  s.period = settings.period;
  s.load = {settings.burst_bytes, settings.outstanding, settings.first_port + load_port(0)};
  s.store = {settings.burst_bytes, settings.outstanding, settings.first_port + store_port(0)};
  s.unit = machine.unit;
  s.dma_bytes = machine.dma_bytes;
  const std::string unit = settings.prefix + info_.front().key;
  engines_.push_back(std::make_unique<SpinalEngine>(unit.c_str(), s, *glbs_.front(), trace));
  views_.push_back(engines_.back().get());
  CommandProcessor::Settings c;
  c.period = settings.period;
  c.first_port = settings.first_port;
  c.registers = spinal_registers(settings.schedule.memory_bytes);
  const std::string name = settings.prefix + "controller";
  commands_ = std::make_unique<CommandProcessor>(
      name.c_str(), c, schedule_, std::vector<JobEngine*>{engines_.front().get()}, trace);
  // There are no optimiser steps.
  commands_->registers.on_write(H2_REG_LAST_STEP, [this](auto, auto) {
    commands_->report(H2_ERR_REGISTER, H2_REG_LAST_STEP);
    return false;
  });
}

}  // namespace h2
