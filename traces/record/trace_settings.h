// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
  double to_us = 0.0;                       ///< 0 = to the end
  std::uint64_t max_bytes = 1'000'000'000;  ///< the waveform ends there; 0 = never
  bool strings = false;  ///< words as `string` variables instead of numbers with a table
};

/// trace.timeline
struct TimelineConfig {
  bool enable = false;
  TraceLevel level = TraceLevel::phases;
  std::uint64_t max_bytes = 1'000'000'000;  ///< the timeline ends there; 0 = never
};

}  // namespace h2
