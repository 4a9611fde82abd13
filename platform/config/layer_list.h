// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platform/config/source.h"

namespace h2 {

/// A list of layers, checked item by item: type, names, types and ranges of all fields. What
/// depends on other layers is left to build_network().
struct LayerList {
  nlohmann::json value;             ///< as network_text() takes it
  std::vector<std::string> places;  ///< of the items, for messages
};
/// Throws InputError "file:line:column: network.layers: item 2: kernel: ...".
LayerList read_layer_list(const YAML::Node& list, const Source& source);

/// JSON Schema of such a list.
nlohmann::ordered_json layer_list_schema();

}  // namespace h2
