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
  std::vector<GlbJoules> buffers;        ///< of their global buffers, a part of the dynamic joules
  std::map<std::string, double> events;  ///< dynamic joules by event, all engines
  std::vector<double> memories;          ///< external, by memory; outside the accelerator
  std::map<std::string, double> kinds;   ///< of the memories, by what they carried

  EnergyParts accelerator() const;
  double dram_j() const;
};
EnergyUse energy_use(const RunInfo& info, const Snapshot& spent);

/// A GlbJoules' name in results: glb_tensor_name(), or "other".
const char* glb_name(std::size_t tensor);
/// Dynamic and clock joules of jobs with these costs: leakage has no layer.
EnergyParts job_energy(const RunInfo& info, int engine, const JobRecord& job);
/// Of one layer's jobs on an engine, by tensor of its global buffer.
GlbJoules job_glb(const RunInfo& info, const LayerCost& cost);

/// summary.json's `inference.energy`, joules per sample: of the Forward Engine while it classifies,
/// of the whole accelerator with the leakage of engines that wait, and of the memories.
nlohmann::ordered_json inference_energy_json(const RunInfo& info, const Snapshot& spent,
                                             std::uint64_t samples);
/// summary.json's `energy` of `samples` samples in the stretch `spent`, with the layers of
/// `layers`.
nlohmann::ordered_json energy_json(const RunInfo& info, const Snapshot& spent,
                                   std::uint64_t samples,
                                   const std::map<JobKey, LayerCost>& layers);
/// summary.json's `area`, mm2 of the accelerator.
nlohmann::ordered_json area_json(const RunInfo& info);

}  // namespace h2
