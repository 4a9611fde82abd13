// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "platform/config/keys.h"
#include "platform/config/source.h"

namespace h2 {

/// Type, range and spelling check of one key's value. `where` is the place of the key, for a value
/// that has none of its own. Throws InputError.
nlohmann::json read_value(const Key& key, const YAML::Node& node, const Source& source,
                          const std::string& where);

}  // namespace h2
