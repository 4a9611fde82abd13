// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "memory/bus/interconnect.h"
#include "memory/bus/probes.h"
#include "memory/glb.h"
#include "modules/device/command_processor.h"
#include "modules/device/engine_info.h"
#include "modules/device/job_engine.h"
#include "modules/device/noc_record.h"
#include "modules/energy/energy_model.h"
#include "traces/record/stat_group.h"

namespace h2 {

/// An accelerator as a board wires it: a command processor, and engines each with its global
/// buffer. The modules are children of the module that makes the accelerator.
class Accelerator {
 public:
  virtual ~Accelerator() = default;

  /// One description per engine, in the order of engines().
  const std::vector<EngineInfo>& info() const { return info_; }
  /// What its engines are made of and what their events take, for an energy model.
  const std::vector<EnginePlan>& energy_plan() const { return energy_plan_; }
  /// What its jobs count, DeviceEvents first.
  const std::vector<EventKind>& events() const { return events_; }
  /// What its arithmetic is, in words, where that is not the configured `numerics`; else "".
  const std::string& numerics() const { return numerics_; }
  const std::vector<const JobEngine*>& engines() const { return views_; }
  CommandProcessor& commands() { return *commands_; }
  const CommandProcessor& commands() const { return *commands_; }
  /// Running number of the next sub-batch; 0 where sub-batches have none.
  virtual std::uint64_t sub_batches() const { return 0; }

  /// Adds what it counts beside its engines to the tree of statistics.
  virtual void declare(StatGroup& /*root*/) const {}
  /// What its network on chip carried; nothing if it has none.
  virtual std::optional<NocRecord> noc() const { return std::nullopt; }

  /// Prices of energy_plan(), which waveform and timeline show as power over time.
  void show_power(const std::vector<EngineCosts>& costs);

  /// Binds everything but the interrupt line: masters, then buffers, then the registers as the next
  /// target of `bus`.
  virtual void connect(Probes& probes, Interconnect& bus);

 protected:
  std::vector<EngineInfo> info_;
  std::vector<EventKind> events_;
  std::vector<EnginePlan> energy_plan_;
  std::string numerics_;
  std::vector<std::unique_ptr<Glb>> glbs_;  ///< of the engine with the same index
  std::vector<std::unique_ptr<JobEngine>> engines_;
  std::vector<const JobEngine*> views_;
  std::unique_ptr<CommandProcessor> commands_;
};

}  // namespace h2
