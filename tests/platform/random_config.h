// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "tests/platform/simulation.h"

namespace h2 {

/// A small legal machine and network, the same for the same seed: layers, pooling, encoding or
/// events, array and tile sizes, timesteps, sub-batch, memory and transfers all vary.
Sets random_sets(std::uint32_t seed);

}  // namespace h2
