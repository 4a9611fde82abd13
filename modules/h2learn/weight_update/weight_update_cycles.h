// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/device/cycles.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"

// Cycles of one chunk, the unit that the engine loads, computes and stores: formulas and worked
// numbers in modules/h2learn/TIMING.md. Sums over all chunks of a job give the closed forms there.

namespace h2 {

/// Convolution: one output tile, input channels* [ci0, ci1) of cin_star in all. `first`: the first
/// chunk of the job, whose LUT fill is exposed.
Cycles weight_update_conv_chunk(const Layer&, const WeightUpdateSpec&, Region tile, int ci0,
                                int ci1, int batch, int steps, bool first);
/// Fully connected: inputs* [ci0, ci1).
Cycles weight_update_fc_chunk(const WeightUpdateSpec&, int ci0, int ci1, int batch, int steps);
/// Optimiser step over `weights` weights.
Cycles weight_update_step(const WeightUpdateSpec&, std::uint64_t weights);

}  // namespace h2
