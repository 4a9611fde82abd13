// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "modules/network/network.h"

namespace h2 {

/// What a layer asks for that the paper's hardware does not have, in words; empty if nothing.
std::vector<std::string> extensions_of(const Layer& layer);

}  // namespace h2
