#pragma once

#include <filesystem>

#include "platform/config/config.h"
#include "traces/results/run_record.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/statistics/statistics.h"

namespace h2 {

/// Reads every counter of the board after a run.
Statistics collect_statistics(const Config& config, const RunRecord& record, Platform& platform);

/// stats.json: {schema, items, samples, jobs}; stats.csv: the items. Throws RunError when a file
/// cannot be written.
void write_statistics(const std::filesystem::path& folder, const Config& config,
                      const RunRecord& record, Platform& platform, const Sampler& sampler);

}  // namespace h2
