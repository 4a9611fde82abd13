// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/spinaps/first_spike.h"
#include "tests/spinaps/scalar_model.h"

namespace h2 {

/// A network of random weights whose neurons fire neither always nor never.
GlmNetwork random_network(int inputs, int classes, int tau, int bits, std::uint64_t seed);
GlmSpikes random_spikes(int inputs, int steps, double density, std::uint64_t seed);

ScalarNetwork scalar_of(const GlmNetwork& network);
std::vector<std::vector<int>> dense_of(const GlmSpikes& spikes);
ScalarAnswer scalar_of(const GlmDecision& decision);

}  // namespace h2
