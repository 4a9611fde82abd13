// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "traces/report/run_files.h"

namespace h2 {

/// What the page shows, as JSON: {"runs": [{name, summary, stats, analysis}]} with
/// analysis = {warnings, rooflines, sparsity}.
nlohmann::ordered_json report_data(const std::vector<ReportRun>& runs);
/// report.html: one page about one run, or several side by side, that needs no other file.
std::string report_page(const std::vector<ReportRun>& runs);

}  // namespace h2
