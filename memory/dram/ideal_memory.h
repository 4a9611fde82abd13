// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "memory/dram/memory_timing.h"

namespace h2 {

/// A latency behind a server of fixed bandwidth: a read ends at
/// max(now, previous transfer ended) + bytes/bandwidth + latency, a write without the latency.
class IdealMemory final : public MemoryTiming {
 public:
  /// Throws InputError unless latency >= 0 and bandwidth > 0.
  explicit IdealMemory(const IdealSpec& spec);

  void submit(const MemoryRequest& request, Picoseconds now) override;
  [[nodiscard]] Picoseconds next_event() const override;
  [[nodiscard]] Picoseconds next_completion() const override { return next_event(); }
  void advance(Picoseconds until, std::vector<MemoryCompletion>& completions) override;
  void observe_rows(const RowObserver&) override {}
  [[nodiscard]] DramStatistics statistics() override { return statistics_; }
  [[nodiscard]] double peak_gbps() const override { return spec_.bandwidth_gbps; }

 private:
  IdealSpec spec_;
  double free_ps_ = 0;
  std::vector<MemoryCompletion> certain_;
  DramStatistics statistics_;
};

}  // namespace h2
