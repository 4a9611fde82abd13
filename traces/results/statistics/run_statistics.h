// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "traces/record/stat_group.h"
#include "traces/results/run_info.h"
#include "traces/results/run_record.h"

namespace h2 {

/// The pass, or what else an engine does than work with its array ("update", "grad").
std::string pass_name(const LayerCost& cost, const RunInfo& info);
/// How files name a row of costs: the layer, and the pass; of accelerators with many engines, the
/// engine.
std::vector<std::string> layer_names(const LayerCost& cost, const RunInfo& info);

/// Adds what a run came to: of the whole, by engine, by layer, and rates of the memories. Both
/// outlive the group.
void add_run(StatGroup& root, const RunInfo& info, const RunRecord& record);

}  // namespace h2
