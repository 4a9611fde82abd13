// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/config/config.h"

namespace h2 {

/// Prints GLB sums, memory footprint, address map and a compute-time estimate. Returns 0.
int print_dry_run(const Config& config);

}  // namespace h2
