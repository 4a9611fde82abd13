// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platform/config/keys.h"
#include "platform/config/load.h"

namespace h2 {

/// One checked value and where it was given.
struct Assignment {
  const Key* key;
  nlohmann::json value;
  std::string where;
  std::vector<std::string> places;  ///< of the items of a list of layers
  bool shared = false;              ///< Override::shared
};

/// What one file, or all overrides together, assign.
using ConfigLayer = std::vector<Assignment>;

/// Layers of `file` and everything it includes, the included ones first. Throws InputError.
std::vector<ConfigLayer> read_files(const std::string& file);

/// The layer of the overrides, in their order. Throws InputError.
ConfigLayer read_overrides(const std::vector<Override>& sets);

}  // namespace h2
