// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/config/config.h"

namespace h2 {

/// Prints GLB sums, memory footprint, address map and a compute-time estimate. Returns 0.
int print_dry_run(const Config& config);
/// Throws InputError with layer, engine and bytes where a tile set does not fit its global buffer.
void require_tiles_fit(const Config& config);

}  // namespace h2
