// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "modules/device/event_counts.h"
#include "modules/device/job_record.h"
#include "traces/record/stat_group.h"

namespace h2 {

/// What an engine did; `cycles`: in how many core cycles.
void add_engine(StatGroup& group, const std::function<EngineStats()>& spent,
                const std::function<double()>& cycles);
/// Sums of one layer's jobs on one engine, whose array does at most `peak` multiply-accumulates per
/// cycle; 0: the array has no part in them. `total` and `jobs` outlive the group.
void add_jobs(StatGroup& group, double peak, const JobRecord& total, const std::uint64_t& jobs);
/// Non-zeros in a layer's tensors, those that were counted.
void add_densities(StatGroup& group, const LayerDensities& densities);
/// One number per kind, in a group "events".
void add_events(StatGroup& group, const std::vector<EventKind>& kinds,
                const std::function<EventCounts()>& counts);

}  // namespace h2
