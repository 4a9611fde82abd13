#pragma once

#include <filesystem>

#include "traces/results/board_counters.h"
#include "traces/results/run_info.h"
#include "traces/results/run_record.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/statistics/statistics.h"

namespace h2 {

/// Reads every counter of the board after a run.
Statistics collect_statistics(const RunInfo& info, const RunRecord& record,
                              const BoardCounters& board);

/// stats.json: {schema, items, samples, jobs}; stats.csv: the items; layers.csv: one row
/// per layer and engine. Throws RunError when a file
/// cannot be written.
void write_statistics(const std::filesystem::path& folder, const RunInfo& info,
                      const RunRecord& record, const BoardCounters& board, const Sampler& sampler);

}  // namespace h2
