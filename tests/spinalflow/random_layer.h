// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/spinalflow/spinal_layer.h"
#include "modules/spinalflow/spinal_neuron.h"

namespace h2 {

/// A layer with neurons, weights (OIHW) and the spikes of one sample.
struct SpinalCase {
  SpinalLayer layer;
  SpinalNeuron neuron;
  std::vector<std::int8_t> oihw;
  SpineMap input;
};

/// Spikes drawn one by one.
SpineMap random_spikes(const SpineShape& shape, double density, std::uint64_t seed);
std::vector<std::int8_t> random_weights(const SpinalLayer& layer, std::uint64_t seed);
/// Convolutions of either stride, pooled and plain, fully connected layers; 1 to 300 output
/// channels; one in eight with more rows than the filter buffer has.
SpinalCase random_spinal_case(std::uint64_t seed);

}  // namespace h2
