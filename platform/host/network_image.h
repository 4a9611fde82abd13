// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/contract/h2_contract.h"
#include "platform/config/config.h"
#include "platform/driver/h2_driver.h"

namespace h2 {

/// The description of a network that the driver takes: table header and layer records without
/// addresses.
struct NetworkImage {
  h2_table table{};
  std::vector<h2_layer> layers;
  std::vector<h2_neuron> neurons;  ///< where layers have their own, one per layer

  /// h2_load_neurons(); returns its result.
  int load(h2_device& device) const;
};
NetworkImage network_image(const Config& config);

}  // namespace h2
