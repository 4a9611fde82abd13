// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/accelerator.h"

#include "modules/device/engine.h"
#include "modules/h2learn/energy_plan.h"
#include "modules/h2learn/engines.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/register_map.h"

namespace h2 {

void keep_last_step(CommandProcessor& commands, H2LearnSchedule& schedule) {
  commands.registers.on_write(H2_REG_LAST_STEP, [&commands, &schedule](auto, auto after) {
    const bool busy = (commands.registers.get(H2_REG_STATUS) & H2_STATUS_BUSY) != 0;
    const bool legal = !busy && (after == 0 ? schedule.restart() : schedule.resume(after));
    if (!legal) commands.report(H2_ERR_REGISTER, H2_REG_LAST_STEP);
    commands.update_status();
    return legal;
  });
  commands.command_ended.add([&commands](const CardCommand& c) {
    if (c.descriptor.opcode == H2_OP_UPDATE) {
      commands.registers.set(H2_REG_LAST_STEP, c.descriptor.step);
    }
  });
}

H2LearnAccelerator::H2LearnAccelerator(const Machine& machine, const Settings& settings,
                                       WorkerPool& workers, Trace& trace)
    : schedule_(machine, settings.schedule) {
  info_ = h2learn_engines(machine, settings.unified);
  events_ = h2learn_events();
  energy_plan_ = h2learn_energy_plan(machine);
  const std::uint64_t glb_bytes[] = {machine.glb.forward, machine.glb.backward,
                                     machine.glb.weight_update};
  for (std::size_t i = 0; i < info_.size(); ++i) {
    const std::string name = settings.prefix + "glb_" + info_[i].key;
    glbs_.push_back(std::make_unique<Glb>(name.c_str(), glb_bytes[i], trace));
  }
  std::vector<JobEngine*> engines;
  for (std::size_t i = 0; i < info_.size(); ++i) {
    const int index = static_cast<int>(i);
    JobEngine::Settings s;
    s.period = settings.period;
    s.load = {settings.burst_bytes, settings.outstanding, settings.first_port + load_port(index)};
    s.store = {settings.burst_bytes, settings.outstanding, settings.first_port + store_port(index)};
    const std::string name = settings.prefix + info_[i].key;
    engines_.push_back(std::make_unique<Engine>(name.c_str(), s, *glbs_[i], workers, trace));
    engines.push_back(engines_.back().get());
    views_.push_back(engines_.back().get());
  }
  CommandProcessor::Settings s;
  s.period = settings.period;
  s.first_port = settings.first_port;
  s.registers = h2learn_registers(machine, settings.schedule.memory_bytes);
  const std::string name = settings.prefix + "controller";
  commands_ = std::make_unique<CommandProcessor>(name.c_str(), s, schedule_, engines, trace);
  keep_last_step(*commands_, schedule_);
}

}  // namespace h2
