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

/// Convolution: output tile `tile`, input channels* [ci0, ci1) (at most `rows`).
/// `steps` is T, or 1 if a static input's partial sum is computed once; then `soma_steps` is T, for
/// Soma takes every timestep (0: as `steps`). `last`: Soma follows.
Cycles forward_conv_chunk(const Layer&, const ForwardSpec&, Region tile, int ci0, int ci1,
                          int batch, int steps, bool last, int soma_steps = 0);
/// Fully connected: inputs* [ci0, ci1), any number of grid iterations.
Cycles forward_fc_chunk(const ForwardSpec&, int ci0, int ci1, int batch, int steps, bool last);

}  // namespace h2
