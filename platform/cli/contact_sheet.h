// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/data/dataset.h"

namespace h2 {

/// Writes a PNG with a row for every class, at most 32, of its first ten samples. Pixels of one
/// channel are grey, of three coloured; spikes are summed over the timesteps, channel 0 blue and
/// channel 1 red. Throws RunError when the file cannot be written.
void write_contact_sheet(const std::string& path, const Dataset& data);

}  // namespace h2
