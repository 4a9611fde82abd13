// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/spinalflow/random_layer.h"

namespace h2 {

/// A bit per tick and neuron: [tick][position * channels + channel].
using DenseSpikes = std::vector<std::vector<bool>>;

DenseSpikes dense_spikes(const SpineMap& map);
/// The layer without lists, tiles or parts: every window of every neuron in every tick, zeros
/// included. For neurons that fire per event the weights of one tick are added in the order of the
/// input's rows, columns and channels, then of the windows.
DenseSpikes dense_layer(const SpinalCase& c);
/// Pairs of a spike and a window of the output that contains it, times the tiles of 128 channels.
std::uint64_t dense_reads(const SpinalCase& c);

}  // namespace h2
