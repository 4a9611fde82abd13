// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "traces/results/run_info.h"
#include "traces/results/run_record.h"

namespace h2 {

/// Wall-clock cost of a run: everything in it varies from run to run.
struct WallClock {
  double seconds = 0;
  double input_seconds = 0;   ///< processor time spent on data set and start weights
  double kernel_seconds = 0;  ///< processor time of the engines' arithmetic, all threads
  std::uint64_t samples = 0;
};

/// summary.json (names in the README): configuration, result, time, engines, layers, memory, wall.
nlohmann::ordered_json make_summary(const RunInfo& info, const RunRecord& record,
                                    const WallClock& wall);
/// Of all threads of this process so far, user and system.
double processor_seconds();
/// The short table at the end of a run.
std::string summary_table(const nlohmann::ordered_json& summary);
/// SHA-256 of the stored weights in layer order, in hexadecimal.
std::string weights_sha256(const std::vector<std::vector<std::uint8_t>>& weights);

}  // namespace h2
