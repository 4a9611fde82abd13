// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/sweep/sweep_file.h"

namespace h2 {

/// One row of points.csv.
struct PointRow {
  std::string folder;                         ///< "points/<hash>"; empty where nothing was run
  std::string status;                         ///< ok, failed, refused, over budget, open
  std::vector<std::string> keys;              ///< by SweepFile::keys; empty: not set by this point
  std::vector<std::optional<double>> values;  ///< by SweepFile::columns
  std::string note;                           ///< why it failed or was refused
  bool pareto = false;
};

/// Marks the rows that no other row is at least as good as in every objective and better in one:
/// all objectives are to be small. Rows without a value for one of them are never marked.
void mark_pareto(std::vector<PointRow>& rows, const std::vector<std::size_t>& objectives);

/// point, status, keys, columns with units, pareto, note; RFC 4180.
std::string points_csv(const SweepFile& sweep, const std::vector<PointRow>& rows);
/// A page with a chart of any two columns and a table of the rows that are marked.
std::string pareto_page(const SweepFile& sweep, const std::vector<PointRow>& rows,
                        const std::string& title);

}  // namespace h2
