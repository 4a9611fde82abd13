// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/spinalflow/spinal_layer.h"
#include "modules/spinalflow/spinal_neuron.h"

namespace h2 {

/// What the unit did for one layer of one sample.
struct SpinalCounts {
  std::uint64_t row_reads = 0;      ///< of the filter buffer: one per spike and window
  std::uint64_t weight_rows = 0;    ///< loaded into the filter buffer
  std::uint64_t sum_rows = 0;       ///< partial sums written and read again, a row per tick
  std::uint64_t output_events = 0;  ///< spikes of the output map
};

/// One layer of one sample in the order of the unit: tiles outermost, the parts of a tile's rows,
/// then positions; the lists of a position merged in time order. Without time: what its processes
/// compute. `rows`: filter_rows().
SpineMap run_layer(const SpinalLayer& layer, const SpinalUnit& unit, const SpinalNeuron& neuron,
                   const std::vector<std::int8_t>& rows, const SpineMap& input,
                   SpinalCounts& counts);

}  // namespace h2
