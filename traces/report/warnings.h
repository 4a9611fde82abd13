// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "traces/report/run_files.h"

namespace h2 {

/// What a reader of the run should look at first, one sentence each: memories that hold layers up
/// (the most costly first), engines without work, memories near their peak, overflows, a loss that
/// does not fall, too few sub-batches for a steady state.
std::vector<std::string> warnings(const ReportRun& run);

}  // namespace h2
