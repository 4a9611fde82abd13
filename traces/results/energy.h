// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "traces/results/run_info.h"
#include "traces/results/run_record.h"

namespace h2 {

/// Joules of a stretch of a run. `spent` is what the counters gained in it; a time without end of
/// training or test does not matter here.
struct EnergyUse {
  std::vector<EnergyParts> engines;      ///< in the order of RunInfo::engines
  std::map<std::string, double> events;  ///< dynamic joules by event, all engines
  std::vector<double> memories;          ///< external, by memory; outside the accelerator
  std::map<std::string, double> kinds;   ///< of the memories, by what they carried

  EnergyParts accelerator() const;
  double dram_j() const;
};
EnergyUse energy_use(const RunInfo& info, const Snapshot& spent);

/// Dynamic and clock joules of jobs with these costs: leakage has no layer.
EnergyParts job_energy(const RunInfo& info, int engine, const JobRecord& job);

/// summary.json's `energy` of `samples` samples in the stretch `spent`, with the layers of
/// `layers`.
nlohmann::ordered_json energy_json(const RunInfo& info, const Snapshot& spent,
                                   std::uint64_t samples,
                                   const std::map<JobKey, LayerCost>& layers);
/// summary.json's `area`, mm2 of the accelerator.
nlohmann::ordered_json area_json(const RunInfo& info);

}  // namespace h2
