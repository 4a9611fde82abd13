// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "modules/device/job_record.h"

namespace h2 {

/// Cycles per sub-batch by cause, in a fixed order; they sum to the period.
using Breakdown = std::vector<std::pair<std::string, double>>;

/// Where the cycles from `begin` to `end` went, seen from the engine with the longest jobs in them.
/// Its time is array work, stalls, and gaps between jobs. A stall is explained step by step: what
/// the bytes take beyond the array at the channel's peak, those read again, the other engines'
/// bytes on the same channel, what else passed while transfers were under way, and the rest, in
/// which nothing was on its way (lookahead). Bytes of another job count evenly over its time.
Breakdown break_down(const std::vector<LayerRecord>& jobs, std::uint64_t begin, std::uint64_t end,
                     std::uint64_t sub_batches, double bytes_per_cycle);

}  // namespace h2
