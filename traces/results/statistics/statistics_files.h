// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "traces/record/stat_group.h"
#include "traces/results/run_info.h"
#include "traces/results/run_record.h"
#include "traces/results/statistics/sampler.h"

namespace h2 {

/// What stats.json says of each of the last jobs.
std::vector<StatisticKind> job_kinds();

/// stats.json: {schema, items, samples, jobs, fields}, where `fields` explains samples and jobs;
/// stats.csv: the items; layers.csv: one row per layer and engine. `root` holds what the board and
/// the run count. Throws RunError when a file cannot be written.
void write_statistics(const std::filesystem::path& folder, const RunInfo& info,
                      const RunRecord& record, const StatGroup& root, const Sampler& sampler);

}  // namespace h2
