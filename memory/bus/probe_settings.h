// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace h2 {

/// trace.probe
struct ProbeConfig {
  bool enable = false;
  std::vector<std::string> sockets{"*"};
  bool check = true;      ///< check every call against the base protocol
  bool timeline = false;  ///< transactions as slices
};

}  // namespace h2
