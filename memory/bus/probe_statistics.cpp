// SPDX-License-Identifier: Apache-2.0
// Statistics of a watched socket.

#include "memory/bus/probe.h"
#include "memory/latency_statistics.h"
#include "traces/record/stat_group.h"

namespace h2 {

void Probe::declare(StatGroup& group) const {
  const auto count = [&](const char* name, const char* unit, const char* text, const char* formula,
                         std::uint64_t Stats::*member) {
    group.add(name, unit, text, formula,
              [this, member] { return static_cast<double>(stats_.*member); });
  };
  count("transactions", "1", "timed transactions at a watched socket",
        "counted as they are answered", &Stats::transactions);
  count("errors", "1", "transactions answered with an error", "counted as they are answered",
        &Stats::errors);
  count("read_bytes", "B", "read, as the hardware moves them",
        "sum over reads answered without an error", &Stats::read_bytes);
  count("write_bytes", "B", "written, as the hardware moves them",
        "sum over writes answered without an error", &Stats::write_bytes);
  count("debug_accesses", "1", "accesses outside simulated time", "counted as they pass",
        &Stats::debug_accesses);
  count("most_open", "1", "most transactions under way at one time",
        "largest of (requests - responses) so far", &Stats::most_open);
  add_latency(group, stats_.latency, "(time of the response - time of the request)");
}

}  // namespace h2
