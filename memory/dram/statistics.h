// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace h2 {

/// What one channel did; clocks are DRAM clocks. Requests are 64 B.
struct DramStatistics {
  std::uint64_t reads = 0;  ///< with those that bursts are rounded by (MEMORY.md)
  std::uint64_t writes = 0;
  std::uint64_t row_hits = 0;       ///< served from a row that was open already
  std::uint64_t row_misses = 0;     ///< activates of a bank that was closed
  std::uint64_t row_conflicts = 0;  ///< activates after another row of the bank had been closed
  std::uint64_t activates = 0;      ///< row_misses + row_conflicts
  /// Of rows that a refresh closed before they were used, to be opened again: when nothing waits,
  /// row_hits + activates = reads + writes + unused_activates.
  std::uint64_t unused_activates = 0;
  std::uint64_t precharges = 0;  ///< of single banks; those before a refresh are not counted
  std::uint64_t refreshes = 0;
  std::uint64_t turnarounds = 0;  ///< changes of direction of the data bus
  std::int64_t bus_busy_clocks = 0;
  int max_reads_queued = 0;
  int max_writes_queued = 0;

  [[nodiscard]] std::uint64_t bytes() const { return (reads + writes) * 64; }
  DramStatistics& operator+=(const DramStatistics& other);
};

/// Latencies in bounded memory: exact below 64, then 64 steps per octave (error below 1.6 %).
class LatencyHistogram {
 public:
  void add(std::int64_t value);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double mean() const;
  [[nodiscard]] std::int64_t max() const { return max_; }
  /// Upper edge of the step that holds the quantile, 0 < q <= 1; 0 when empty.
  [[nodiscard]] std::int64_t quantile(double q) const;

  /// Its contents: the steps that are not empty, with their numbers, and the sums.
  struct Contents {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> steps;
    double sum = 0;
    std::int64_t max = 0;
  };
  [[nodiscard]] Contents contents() const;
  /// Throws std::out_of_range for a step that does not exist.
  explicit LatencyHistogram(const Contents& contents);
  LatencyHistogram() = default;

 private:
  static constexpr int kStepBits = 6;
  std::array<std::uint64_t, (64 - kStepBits) << kStepBits> steps_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace h2
