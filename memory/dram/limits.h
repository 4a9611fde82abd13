// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "memory/dram/memory_spec.h"

namespace h2 {

/// Legal values of one number of a DramSpec. One table serves the schema, the check of a
/// configuration and the simulator.
struct DramLimit {
  const char* name;  ///< of the key below memory.dram
  double min, max;
  bool power_of_two;
  double (*value)(const DramSpec&);
};

/// What several of the numbers have to fulfil together.
struct DramRule {
  std::vector<const char*> names;  ///< of the keys, first the one to blame
  bool holds;
  std::string legal;
};

[[nodiscard]] const std::vector<DramLimit>& dram_limits();

/// The limit of memory.dram.`name`, which must exist.
[[nodiscard]] const DramLimit& dram_limit(const std::string& name);

[[nodiscard]] std::vector<DramRule> dram_rules(const DramSpec& spec);

/// Throws InputError on the first number outside its limits or rule that does not hold; names the
/// keys, their values and what is legal. Channels may be three times as many: the unified memory.
void check_dram(const DramSpec& spec);

}  // namespace h2
