// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "modules/network/network.h"

namespace h2 {

/// network.layers as a value: the text of the notation, or an array of objects that hold what the
/// items of a list say ({"type": "conv", "channels": 16, "kernel": 3}).
nlohmann::json json_of(const NetworkText& text);
/// The reverse, for a value that was checked: unknown members are ignored.
NetworkText network_text(const nlohmann::json& value);

}  // namespace h2
