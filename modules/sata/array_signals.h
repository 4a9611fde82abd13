// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/h2learn/signals/signals.h"
#include "modules/network/network.h"
#include "modules/sata/sata_spec.h"
#include "modules/tensor/maps.h"

// What passes through the PEs of SATA's array under fp16 numerics, term by term, evaluated in the
// plain order of SATA.md, "Arithmetic", without gates. For a few tiles; slow.

namespace h2 {

/// All signals of the array, pass by pass, for the manifest of golden tensors.
const std::vector<SignalKind>& sata_signal_kinds();

/// Columns of channels that take turns on the array in a pass, and for the weight gradient folds of
/// rows times columns; the order in which they are computed. No backward pass: 0.
struct SataSignalBlocks {
  int forward = 0, backward = 0, weight_gradient = 0;
};
SataSignalBlocks sata_signal_blocks(const SataSpec& array, const Layer& layer, bool first_layer);

/// Rows and columns of a weight gradient's fold: of (c*, r, s) and of output channels.
struct SataFold {
  int row = 0, rows = 0, column = 0, columns = 0;
};
SataFold sata_fold(const SataSpec& array, const Layer& layer, int block);

/// Forward pass; `range` counts output channels, of one column of the array.
std::vector<Signal> sata_forward_signals(const Layer& layer, const SataSpec& array, TileSpec tile,
                                         const std::vector<float>& oihw, const BitMap& input,
                                         const SignalRange& range);

/// Backward pass through the weights of `above`; `range` counts its input channels (FC: its
/// flattened inputs), tiles those of its input map (FC: 1 x 1).
std::vector<Signal> sata_backward_signals(const Layer& above, const SataSpec& array, TileSpec tile,
                                          const std::vector<float>& oihw, const ValueMap& grad_u,
                                          const SignalRange& range);

/// Weight gradient of one sub-batch, one fold of the array.
std::vector<Signal> sata_weight_gradient_signals(const Layer& layer, const SataSpec& array,
                                                 int batch, int steps, const BitMap& input,
                                                 const ValueMap& grad_u, int block);

}  // namespace h2
