// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace h2 {

/// A register of one device instance: reset values include what the instance is configured to.
struct RegisterInfo {
  std::uint32_t offset = 0;
  int access = 0;  ///< H2_RO, H2_RW or H2_W1C
  std::uint32_t reset = 0;
  bool kept = false;  ///< by a soft reset
};
using RegisterMap = std::vector<RegisterInfo>;

}  // namespace h2
