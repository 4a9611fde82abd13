// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/accelerator.h"

#include "modules/contract/sata_contract.h"
#include "modules/sata/energy_plan.h"
#include "modules/sata/engines.h"
#include "modules/sata/event_counts.h"
#include "modules/sata/register_map.h"

namespace h2 {

SataAccelerator::SataAccelerator(const Machine& machine, const SataSpec& array,
                                 const H2LearnAccelerator::Settings& settings, WorkerPool& workers,
                                 Trace& trace)
    : schedule_(machine, array, settings.schedule) {
  info_ = sata_engines(array);
  events_ = sata_events();
  energy_plan_ = sata_energy_plan(array);
  glbs_.push_back(
      std::make_unique<Glb>((settings.prefix + "buffers").c_str(), array.buffers.total(), trace));
  Engine::Settings engine;
  engine.period = settings.period;
  engine.load = {settings.burst_bytes, settings.outstanding, settings.first_port + load_port(0)};
  engine.store = {settings.burst_bytes, settings.outstanding, settings.first_port + store_port(0)};
  engines_.push_back(std::make_unique<Engine>((settings.prefix + info_[0].key).c_str(), engine,
                                              *glbs_[0], workers, trace));
  views_.push_back(engines_[0].get());
  CommandProcessor::Settings s;
  s.period = settings.period;
  s.first_port = settings.first_port;
  s.registers = sata_registers(machine, array, settings.schedule.memory_bytes);
  commands_ =
      std::make_unique<CommandProcessor>((settings.prefix + "controller").c_str(), s, schedule_,
                                         std::vector<JobEngine*>{engines_[0].get()}, trace);
  keep_last_step(*commands_, schedule_);
  commands_->registers.on_write(H2_SATA_REG_GATES, [this](auto, auto after) {
    const bool legal = (after & ~H2_SATA_GATES) == 0;
    if (legal) {
      schedule_.set_gates(gates_of(after));
    } else {
      commands_->report(H2_ERR_REGISTER, H2_SATA_REG_GATES);
    }
    return legal;
  });
}

}  // namespace h2
