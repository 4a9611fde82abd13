// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace h2 {

/// One engine of an accelerator, for everything that reports about it.
struct EngineInfo {
  std::string key;    ///< in files and keys: "weight_update"
  std::string title;  ///< for people: "Weight Update Engine"
  /// Multiply-accumulates (of an array of look-up tables: spike operations) per cycle at most.
  double peak_macs_per_cycle = 0;
  /// The memories that operands and results lie in: those one job uses at the same time...
  std::vector<std::string> memories;
  std::string memories_text;  ///< ...and in words: "Mem0 and Mem1 (by turns)"
};

}  // namespace h2
