// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/device/cycles.h"
#include "modules/device/event_counts.h"
#include "modules/multicore/multicore_spec.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

// What the engines of a core do, and how long; formulas in MULTICORE.md beside this file.

namespace h2 {

/// In the order of core_events().
enum CoreEvent : std::size_t {
  kCoreAdditions = kDeviceEvents,
  kCoreProducts,
  kCoreNeurons,
  kCorePotentialGradients,
  kCoreWeightUpdates,
  kCoreStateUpdates,
  kMailBytes,
  kCoreEvents
};
const std::vector<EventKind>& core_events();

/// Sums of one output channel that the set bits of maps [map0, map0 + maps) of a layer's input take
/// part in.
std::uint64_t driven_sums(const Layer& layer, const BitMap& bits, int map0, int maps);
/// The same backwards: sums of one input channel that the non-zero grad-u of `above` take part in;
/// grad-u at its convolution positions.
std::uint64_t driven_back(const Layer& above, const BitMap& nonzero, int map0, int maps);
std::uint64_t driven_back(const Layer& above, const ValueMap& grad_u);

/// Set bits of channels [c0, c1), c0 a multiple of 16, in all maps.
std::uint64_t ones_of(const BitMap& bits, int c0, int c1);

/// Part [begin, end) of `macs` multiply-accumulates that the lanes of an engine do one after the
/// other: parts that follow each other add up to ceil(all / lanes).
Cycles lane_cycles(const MulticoreSpec& spec, std::uint64_t begin, std::uint64_t end);

}  // namespace h2
