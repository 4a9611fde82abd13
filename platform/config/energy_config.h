// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// energy: where costs come from.
struct EnergyConfig {
  std::string preset = "public28";  ///< configs/energy/<preset>.yaml, compiled in
  std::string table;                ///< file that takes its place; "": none
};

}  // namespace h2
