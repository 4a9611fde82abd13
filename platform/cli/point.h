// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/cli/command_line.h"

namespace h2 {

/// One run of a command that simulates, as part of a sweep or an experiment.
struct RunPoint {
  std::string command;  ///< profile, train or infer-spikes
  std::string config;
  std::vector<Override> sets;
  std::filesystem::path folder;  ///< for its results
  /// Of its command line, all with a value; "{out}" in it stands for `folder`.
  std::vector<std::pair<std::string, std::string>> options = {};
};

/// First 12 hexadecimal digits of the SHA-256 of the command, its options and the effective
/// configuration.
/// Throws InputError where the configuration is refused.
std::string point_hash(const RunPoint& point);
/// The summary of an earlier run of this point in its folder: complete, not interrupted, of the
/// same command and effective configuration. Nothing if there is none.
std::optional<nlohmann::ordered_json> finished_summary(const RunPoint& point);
/// Runs the point in this process; what it prints goes to log.txt in its folder. Returns its exit
/// code.
int run_point(const RunPoint& point);
/// The number at a dotted path of a summary.
std::optional<double> number_at(const nlohmann::ordered_json& summary, const std::string& path);

}  // namespace h2
