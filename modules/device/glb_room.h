// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// How a global buffer is divided for one job: between loaded bytes and those the job makes. Both
/// together are the capacity.
struct GlbRoom {
  std::uint64_t operands = 0, results = 0;
};

}  // namespace h2
