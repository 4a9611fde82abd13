// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "platform/config/config.h"
#include "traces/results/run_record.h"

namespace h2 {

/// What shows that a network does not learn, of kind "learning": layers that have never fired,
/// layers whose gradients are all zero, a loss that is not below that of chance. Of a run that
/// classifies only the first of these.
std::vector<Warning> learning_warnings(const Config& config, const RunRecord& record);

/// Loss of an output that knows nothing but the number of classes.
double chance_loss(LossKind loss, int classes);

}  // namespace h2
