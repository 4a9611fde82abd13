#pragma once

#include <string>
#include <vector>

namespace h2 {

/// How much a trace shows; each level includes those before it.
enum class TraceLevel { phases, tiles, bursts, banks };

/// trace.vcd
struct VcdConfig {
  bool enable = false;
  TraceLevel level = TraceLevel::phases;
  std::vector<std::string> scopes{"*"};
  double from_us = 0.0;
  double to_us = 0.0;  ///< 0 = to the end
};

/// trace.timeline
struct TimelineConfig {
  bool enable = false;
  TraceLevel level = TraceLevel::phases;
};

}  // namespace h2
