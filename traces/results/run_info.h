// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "modules/device/engine_info.h"
#include "modules/device/event_counts.h"
#include "modules/energy/energy_model.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"

namespace h2 {

/// A memory of the board, as results name it.
struct MemoryInfo {
  std::string name;      ///< "mem0"
  double peak_gbps = 0;  ///< 1e9 B/s, of the device
};

/// What the results say of a run that does not change while it runs.
struct RunInfo {
  std::string accelerator = "h2learn";
  std::string version, commit;    ///< of the program
  std::string command;            ///< what was asked for, without what never changes a result
  nlohmann::ordered_json config;  ///< effective configuration
  std::string numerics;           ///< of an accelerator with arithmetic of its own
  Machine machine;
  Network network;
  float loss_scale = 1;
  std::vector<EngineInfo> engines;  ///< in the order of Snapshot::engines
  std::vector<EventKind> events;    ///< that the engines' jobs count
  std::vector<MemoryInfo> memories;
  EnergyModel energy;  ///< prices of the engines' events and parts
};

}  // namespace h2
