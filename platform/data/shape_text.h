// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/network/network.h"

namespace h2 {

/// "channels x height x width", for messages.
inline std::string shape_text(InputShape shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" +
         std::to_string(shape.width);
}

}  // namespace h2
