// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/device/cycles.h"
#include "modules/h2learn/machine.h"

// Cycles of one chunk, the unit that the engine loads, computes and stores: formulas and worked
// numbers in modules/h2learn/TIMING.md. Sums over all chunks of a job give the closed forms there.

namespace h2 {

/// Fully connected: grad-u channels [co0, co1) of the layer above (at most `rows`). `last`: Grad
/// follows. Convolutions are counted from masks: backward_count.h.
Cycles backward_fc_chunk(const BackwardSpec&, int co0, int co1, int batch, int steps, bool last);
/// Grad-only job of the last layer, or the Grad part of a tile: `outputs` gradients per channel,
/// over all samples and timesteps.
std::uint64_t grad_cycles(const BackwardSpec&, std::uint64_t outputs);
/// The drain of a chunk whose tile Grad takes over while the array works for `array_cycles`.
std::uint64_t grad_drain(const BackwardSpec&, std::uint64_t outputs, std::uint64_t array_cycles);

}  // namespace h2
