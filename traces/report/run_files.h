// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace h2 {

/// What `h2vp train` or `h2vp profile` left in its output folder.
struct ReportRun {
  std::string name;  ///< last part of the folder's path; the path where that is not unique
  nlohmann::ordered_json summary;
  nlohmann::ordered_json stats;  ///< null where the folder has no stats.json
};

/// Reads summary.json and, if there, stats.json of each folder, and checks every field that the
/// page uses. Throws InputError that names the file and the field or the position of the error.
std::vector<ReportRun> read_runs(const std::vector<std::string>& folders);

}  // namespace h2
