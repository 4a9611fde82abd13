// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "traces/results/run_info.h"
#include "traces/results/run_record.h"

namespace h2 {

class Platform;
struct Config;

/// Counters now: of the board's first node, with those of earlier boards, or of another node.
Snapshot take_snapshot(const Platform& platform, int node = 0);
/// Peak of one memory in bytes per core cycle.
double bytes_per_cycle(const Config& config, const Platform& platform);
/// What results say of the board and its configuration.
RunInfo run_info(const Config& config, const Platform& platform);

}  // namespace h2
