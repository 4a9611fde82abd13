// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <systemc>
#include <vector>

#include "traces/record/stat_group.h"
#include "traces/results/run_info.h"
#include "traces/results/run_record.h"

namespace h2 {

/// What the samples of stats.json are.
std::vector<StatisticKind> sample_kinds();

/// Looks at the board's counters in regular steps of simulated time. Keeps at most kMost looks:
/// when they are full, every other one is dropped and the step doubles.
class Sampler : public sc_core::sc_module {
 public:
  static constexpr std::size_t kMost = 1024;

  Sampler(sc_core::sc_module_name name, std::function<Snapshot()> look);

  /// {interval_us, time_us[], series: {name: {unit, values[]}}}: rates over the step that ends at
  /// each time.
  nlohmann::ordered_json json(const RunInfo& info) const;

 private:
  void run();

  std::function<Snapshot()> look_;
  sc_core::sc_time step_{10, sc_core::SC_US};
  std::vector<Snapshot> looks_;
};

}  // namespace h2
