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

/// What a sampler has seen: another one goes on from there on another board.
struct SamplerState {
  std::uint64_t step_ps = 10'000'000;
  std::vector<Snapshot> looks;
};

/// Looks at the board's counters in regular steps of simulated time. Keeps at most kMost looks:
/// when they are full, every other one is dropped and the step doubles.
class Sampler : public sc_core::sc_module {
 public:
  static constexpr std::size_t kMost = 1024;

  /// `begin_ps`: simulated time of the run at which the board begins.
  Sampler(sc_core::sc_module_name name, std::function<Snapshot()> look, SamplerState earlier = {},
          std::uint64_t begin_ps = 0);
  SamplerState state() const { return {step_.value(), looks_}; }

  /// {interval_us, time_us[], series: {name: {unit, values[]}}}: rates over the step that ends at
  /// each time.
  nlohmann::ordered_json json(const RunInfo& info) const;

 private:
  void run();

  std::function<Snapshot()> look_;
  const std::uint64_t begin_ps_;
  sc_core::sc_time step_;
  std::vector<Snapshot> looks_;
};

}  // namespace h2
