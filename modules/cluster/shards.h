// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/cluster/cluster_spec.h"

namespace h2 {

/// Samples of worker `worker` of `workers`, numbers into `labels`, in ascending order. The shards
/// of all workers are disjoint and hold every sample. A pure function of its arguments.
std::vector<std::uint32_t> shard_of(const std::vector<std::uint16_t>& labels, ShardKind kind,
                                    int workers, int worker, std::uint64_t seed);

}  // namespace h2
