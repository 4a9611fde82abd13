// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "platform/experiment/experiment.h"

namespace h2 {

/// A profile of one sub-batch of two convolutions at 14x14, of which the second, 256 -> 512, is
/// looked at: T = 10, four samples, 75 % zeros in masks and gradients, engines one after another.
RunRequest one_layer(const std::vector<Override>& sets);
/// The job of its second layer on an engine; null where the run was refused.
nlohmann::ordered_json job_of(const RunOutcome& outcome, const std::string& engine);

/// Cycles of that job, or NaN.
double cycles_of(const RunOutcome& outcome, const std::string& engine);

}  // namespace h2
