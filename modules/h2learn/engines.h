// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/device/engine_info.h"
#include "modules/h2learn/machine.h"

namespace h2 {

/// Forward, Backward and Weight Update Engine, in this order. `unified`: one memory takes the place
/// of Mem0, Mem1 and Mem2 (paper, IV-C).
std::vector<EngineInfo> h2learn_engines(const Machine& machine, bool unified);

}  // namespace h2
