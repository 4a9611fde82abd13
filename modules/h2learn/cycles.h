// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/device/cycles.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"

// Cycles of one chunk, the unit that the engines load, compute and store: the formulas of the
// hardware's timing, each with its source and a worked number in TIMING.md beside this file.
// Sums over all chunks of a job give the closed forms there.

namespace h2 {

/// Forward Engine, convolution: output tile `tile`, input channels* [ci0, ci1) (at most `rows`).
/// `steps` is T, or 1 if a static input's partial sum is computed once; then `soma_steps` is T, for
/// Soma takes every timestep (0: as `steps`). `last`: Soma follows.
Cycles forward_conv_chunk(const Layer&, const ForwardSpec&, Region tile, int ci0, int ci1,
                          int batch, int steps, bool last, int soma_steps = 0);
/// Forward Engine, FC: inputs* [ci0, ci1), any number of grid iterations.
Cycles forward_fc_chunk(const ForwardSpec&, int ci0, int ci1, int batch, int steps, bool last);

/// Weight Update Engine, convolution: one output tile, input channels* [ci0, ci1) of cin_star in
/// all. `first`: the first chunk of the job, whose LUT fill is exposed.
Cycles weight_update_conv_chunk(const Layer&, const WeightUpdateSpec&, Region tile, int ci0,
                                int ci1, int batch, int steps, bool first);
/// Weight Update Engine, FC: inputs* [ci0, ci1).
Cycles weight_update_fc_chunk(const WeightUpdateSpec&, int ci0, int ci1, int batch, int steps);
/// Weight Update Engine, optimiser step over `weights` weights.
Cycles weight_update_step(const WeightUpdateSpec&, std::uint64_t weights);

/// Backward Engine, FC: grad-u channels [co0, co1) of the layer above (at most `rows`).
/// `last`: Grad follows. Convolutions are counted from masks: backward_count.h.
Cycles backward_fc_chunk(const BackwardSpec&, int co0, int co1, int batch, int steps, bool last);
/// Grad-only job of the last layer, or the Grad part of a tile: `outputs` gradients per channel,
/// over all samples and timesteps.
std::uint64_t grad_cycles(const BackwardSpec&, std::uint64_t outputs);
/// The drain of a chunk whose tile Grad takes over while the array works for `array_cycles`.
std::uint64_t grad_drain(const BackwardSpec&, std::uint64_t outputs, std::uint64_t array_cycles);

}  // namespace h2
