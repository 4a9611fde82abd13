// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/h2learn/machine.h"

namespace h2 {

/// Array of an engine with look-up tables, without clock, leakage and global buffer: what the
/// paper's Fig. 11 compares ("both PEs and Acc units").
struct DesignCost {
  double energy_pj = 0;  ///< of the convolution's events in PEs and Acc trees
  double area_mm2 = 0;   ///< of tables, operand registers and adders
};

/// Costs of the convolution 256 -> 512 at 14x14, k 3, T 10, four samples, at the prices of
/// `preset`.
DesignCost forward_design(const Machine& machine, const std::string& preset);
DesignCost weight_update_design(const Machine& machine, const std::string& preset);

}  // namespace h2
