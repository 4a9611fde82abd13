// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/base/ceil_div.h"

namespace h2 {

/// Channels that a chunk of an element-wise pass takes: as many as an engine has columns, in whole
/// blocks of storage.
inline int norm_channels(int cols) { return static_cast<int>(ceil_div(cols, 16)) * 16; }

}  // namespace h2
