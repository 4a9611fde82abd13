// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/contract/h2_contract.h"
#include "platform/config/config.h"

namespace h2 {

/// The description of a network that the driver takes: table header and layer records without
/// addresses.
struct NetworkImage {
  h2_table table{};
  std::vector<h2_layer> layers;
};
NetworkImage network_image(const Config& config);

}  // namespace h2
