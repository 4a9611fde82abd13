// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/device/engine_info.h"
#include "modules/sata/sata_spec.h"

namespace h2 {

/// One: the array.
std::vector<EngineInfo> sata_engines(const SataSpec& array);

}  // namespace h2
