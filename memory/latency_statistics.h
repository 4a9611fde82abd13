// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "memory/dram/statistics.h"

namespace h2 {

class StatGroup;

/// Adds mean, median, 99 % quantile and maximum of latencies in ps; `span` says what one is.
/// `latency` outlives the group.
void add_latency(StatGroup& group, const LatencyHistogram& latency, const std::string& span);

}  // namespace h2
