// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/config/load.h"

namespace h2 {

/// Overrides of one point, in the order of the sweep's keys.
using SweepPoint = std::vector<Override>;

/// A column of points.csv beside the keys: a number of summary.json.
struct SweepColumn {
  std::string path;  ///< "time.cycles_per_sub_batch"
  std::string unit;
};

/// What to run: a sweep file, read and multiplied out.
struct SweepFile {
  std::string command = "profile";  ///< or train
  std::string config;               ///< path, relative to the sweep file in it
  std::vector<Override> sets;       ///< of every point
  std::vector<std::string> keys;    ///< that differ between points, in the order of columns
  std::vector<SweepPoint> points;
  std::vector<SweepColumn> columns;
  std::vector<std::string> pareto;  ///< columns, two or more, all to be small
  std::optional<double> area_budget_mm2;
};

/// Most points of one sweep.
inline constexpr std::size_t kMostPoints = 1'000'000;

/// Reads `file`. Points are the product of its `grid` (the first key changes slowest), its `list`
/// and its `sample`. Throws InputError: "file:line:column: key: what is wrong; legal: ...".
SweepFile read_sweep(const std::string& file);

}  // namespace h2
