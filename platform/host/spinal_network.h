// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/contract/spinalflow_contract.h"
#include "platform/config/config.h"

namespace h2 {

/// Layers of the configured network as SpinalFlow runs them.
struct SpinalNetwork {
  sf_table table{};
  std::vector<sf_layer> layers;
  std::vector<std::vector<std::int8_t>> weights;  ///< OIHW
};

/// Throws InputError for a layer of the network that reads pixels or averages of spikes.
void require_spikes(const Config& config);

/// Layers [first, end). `weights`: of all layers of the network, OIHW. Each layer's are rounded
/// to 8 bits with a scale of its own, its threshold to that scale. Fully connected layers become
/// convolutions over the whole map below them; AP2 on potentials sums four windows against four
/// times the threshold. Throws InputError for a layer that reads pixels or averages of spikes, or
/// that the unit cannot run.
SpinalNetwork spinal_network(const Config& config, int first, int end,
                             const std::vector<std::vector<float>>& weights);

}  // namespace h2
