// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "traces/record/stat_group.h"
#include "traces/results/run_info.h"
#include "traces/results/run_record.h"

namespace h2 {

class Platform;

/// Every statistic of a run on a board: what its parts declare. All three outlive the tree.
StatGroup board_statistics(const RunInfo& info, const RunRecord& record, const Platform& platform);

}  // namespace h2
