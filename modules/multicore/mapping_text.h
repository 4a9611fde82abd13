// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace h2 {

/// One item of a mapping as it is written: "conv2 1-3", "conv2[0-63] 1", "fc1 4,7".
struct MappingItem {
  std::string layer;
  bool ranged = false;
  int first = 0, last = 0;  ///< channels, if ranged
  std::vector<int> cores;   ///< in the order written
};

/// Throws InputError that says what is legal.
MappingItem parse_mapping_item(const std::string& text);

}  // namespace h2
