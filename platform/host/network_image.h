#pragma once

#include <vector>

#include "platform/config/config.h"
#include "platform/contract/h2_contract.h"

namespace h2 {

/// What the driver is told of a network: table header and layer records without addresses.
struct NetworkImage {
  h2_table table{};
  std::vector<h2_layer> layers;
};
NetworkImage network_image(const Config& config);

}  // namespace h2
