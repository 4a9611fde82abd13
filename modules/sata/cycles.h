// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/device/cycles.h"
#include "modules/network/network.h"
#include "modules/sata/sata_spec.h"

// Cycles of SATA's array. Zeros never shorten them. The formulas with their sources are in SATA.md
// beside this file.

namespace h2 {

/// One timestep of a layer, output stationary:
/// ceil(E*E/rows) * ceil(K/cols) * (C*R*R + rows + cols - 2) - 1.
/// K=C=64, R=3, E=30: 272,687 with 16 rows and 8 columns.
std::uint64_t sata_step_cycles(const SataSpec& array, std::uint64_t outputs,
                               std::uint64_t positions, std::uint64_t window);
/// Bringing the filters to the PEs, once for all timesteps:
/// (ceil(C*R*R/rows) * ceil(K/cols) - 1) * (2*rows + cols - 2 + E*E) + rows - 1.
std::uint64_t sata_filter_cycles(const SataSpec& array, std::uint64_t outputs,
                                 std::uint64_t positions, std::uint64_t window);

/// Forward pass of `batch` samples, which share the filters: array batch*steps times a timestep,
/// fill: filters. Bit planes count as input channels.
Cycles sata_forward_cycles(const SataSpec& array, const Layer& layer, int batch, int steps);
/// Backward pass through `above`: input and output channels change places, positions are those of
/// its input map.
Cycles sata_backward_cycles(const SataSpec& array, const Layer& above, int batch, int steps);
/// Weight gradient: batch * (ceil(C*R*R/rows) * ceil(K/cols) * (T*E*E + rows + cols - 2) - 1).
Cycles sata_weight_gradient_cycles(const SataSpec& array, const Layer& layer, int batch, int steps);
/// `count` neurons or weights, one per PE and cycle, without array work.
Cycles sata_unit_cycles(const SataSpec& array, std::uint64_t count);

/// Part of `whole` that falls to the pieces [begin, end) of `pieces`: parts of neighbouring ranges
/// add up to the whole exactly.
Cycles share_of(const Cycles& whole, std::uint64_t begin, std::uint64_t end, std::uint64_t pieces);

}  // namespace h2
