// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// Both run a RAM image of DIFF_RAM_BYTES (layout.h) from its start to the monitor's end and leave
/// in it what the program left in RAM. They throw RunError if it does not end.

/// On the simulated processor.
void run_here(std::vector<std::uint8_t>& ram);

/// On QEMU's machine "virt", reduced to what the simulated processor is; `folder` for its RAM file.
void run_on_qemu(const std::string& qemu, const std::string& folder,
                 std::vector<std::uint8_t>& ram);

}  // namespace h2
