// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/accelerator.h"

#include "modules/spinaps/machine/spin_engine.h"
#include "modules/spinaps/spin_energy.h"
#include "modules/spinaps/spin_events.h"

namespace h2 {

SpinApsAccelerator::SpinApsAccelerator(const SpinApsMachine& machine, const Settings& settings,
                                       Trace& trace)
    : schedule_(machine, settings.schedule) {
  info_ = spinaps_engines(machine, settings.classes);
  events_ = spin_events();
  energy_plan_ = {spin_energy_plan(machine, settings.classes)};
  numerics_ = std::to_string(machine.weight_bits) + "-bit weights in " +
              (machine.technology == SpinTechnology::stt ? "STT-RAM" : "SRAM") +
              ", 32-bit integer potentials";
  const std::string buffer = settings.prefix + "spike_buffer";
  glbs_.push_back(std::make_unique<Glb>(buffer.c_str(), machine.buffer_bytes, trace));
  JobEngine::Settings s;
  s.period = settings.period;
  s.load = {settings.burst_bytes, settings.outstanding, settings.first_port + load_port(0)};
  s.store = {settings.burst_bytes, settings.outstanding, settings.first_port + store_port(0)};
  const std::string core = settings.prefix + info_.front().key;
  engines_.push_back(std::make_unique<SpinEngine>(core.c_str(), s, machine, *glbs_.front(), trace));
  views_.push_back(engines_.back().get());
  CommandProcessor::Settings c;
  c.period = settings.period;
  c.first_port = settings.first_port;
  c.registers = spinaps_registers(settings.schedule.memory_bytes);
  const std::string name = settings.prefix + "controller";
  commands_ = std::make_unique<CommandProcessor>(
      name.c_str(), c, schedule_, std::vector<JobEngine*>{engines_.front().get()}, trace);
  // There are no optimiser steps on the card.
  commands_->registers.on_write(H2_REG_LAST_STEP, [this](auto, auto) {
    commands_->report(H2_ERR_REGISTER, H2_REG_LAST_STEP);
    return false;
  });
}

}  // namespace h2
