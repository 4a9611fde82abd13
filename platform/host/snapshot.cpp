// SPDX-License-Identifier: Apache-2.0
#include "platform/host/snapshot.h"

#include "platform/config/keys.h"
#include "platform/config/load.h"
#include "platform/host/energy_model.h"
#include "platform/platform.h"

namespace h2 {

Snapshot take_snapshot(const Platform& platform, int node) {
  Snapshot s;
  s.cycle = platform.cycle();
  const Node& of = *platform.nodes[static_cast<std::size_t>(node)];
  const std::vector<const JobEngine*>& engines = of.accelerator->engines();
  for (std::size_t i = 0; i < engines.size(); ++i) {
    s.engines.push_back(node == 0 ? platform.engine_stats(i) : engines[i]->stats());
    s.events.push_back(node == 0 ? platform.engine_events(i) : engines[i]->events());
  }
  for (const auto& memory : of.memories) {
    const ExternalMemory::Stats& stats = memory->stats();
    const DramStatistics device = memory->dram_statistics();
    s.memories.push_back({stats.total_read(), stats.total_write(), device.activates, device.reads,
                          device.writes, stats.read_bytes, stats.write_bytes});
  }
  return s;
}

double bytes_per_cycle(const Config& config, const Platform& platform) {
  return platform.memories.front()->peak_gbps() * 1e3 / config.machine.clock_mhz;
}

RunInfo run_info(const Config& config, const Platform& platform) {
  RunInfo info;
  info.config = config_json(config);
  info.accelerator = find_key("accelerator")->get(config).get<std::string>();
  info.numerics = platform.accelerator.numerics();
  info.machine = config.machine;
  info.network = config.network;
  info.loss_scale = config.training.update.loss_scale;
  info.engines = platform.accelerator.info();
  info.events = platform.accelerator.events();
  info.energy = energy_model(config, platform.accelerator.energy_plan());
  for (const auto& memory : platform.memories) {
    info.memories.push_back({memory->basename(), memory->peak_gbps()});
  }
  return info;
}

}  // namespace h2
