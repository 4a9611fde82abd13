// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "memory/dram/traffic.h"

namespace h2 {

/// One 64 B request of a stream.
struct TrafficAccess {
  std::uint64_t address = 0;
  bool write = false;
};

/// Endless sequence of one requestor.
using TrafficStream = std::function<TrafficAccess()>;

/// One stream per requestor of the pattern. Throws InputError as run_traffic does.
[[nodiscard]] std::vector<TrafficStream> make_streams(const MemorySpec& memory,
                                                      const TrafficSpec& traffic);

}  // namespace h2
