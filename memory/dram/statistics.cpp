// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/statistics.h"

#include <algorithm>
#include <cmath>

namespace h2 {

DramStatistics& DramStatistics::operator+=(const DramStatistics& other) {
  reads += other.reads;
  writes += other.writes;
  row_hits += other.row_hits;
  row_misses += other.row_misses;
  row_conflicts += other.row_conflicts;
  activates += other.activates;
  unused_activates += other.unused_activates;
  precharges += other.precharges;
  refreshes += other.refreshes;
  turnarounds += other.turnarounds;
  bus_busy_clocks += other.bus_busy_clocks;
  max_reads_queued = std::max(max_reads_queued, other.max_reads_queued);
  max_writes_queued = std::max(max_writes_queued, other.max_writes_queued);
  return *this;
}

void LatencyHistogram::add(std::int64_t value) {
  const auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
  const int bits = 64 - __builtin_clzll(v | 1);
  const int octave = std::max(0, bits - kStepBits - 1);
  const std::uint64_t step =
      (v >> kStepBits) == 0 ? v : (static_cast<std::uint64_t>(octave) << kStepBits) + (v >> octave);
  ++steps_[std::min<std::uint64_t>(step, steps_.size() - 1)];
  ++count_;
  sum_ += static_cast<double>(v);
  max_ = std::max(max_, static_cast<std::int64_t>(v));
}

LatencyHistogram::Contents LatencyHistogram::contents() const {
  Contents c;
  c.sum = sum_;
  c.max = max_;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i] != 0) c.steps.emplace_back(static_cast<std::uint32_t>(i), steps_[i]);
  }
  return c;
}

LatencyHistogram::LatencyHistogram(const Contents& contents)
    : sum_(contents.sum), max_(contents.max) {
  for (const auto& [step, count] : contents.steps) {
    steps_.at(step) = count;
    count_ += count;
  }
}

double LatencyHistogram::mean() const {
  return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_);
}

std::int64_t LatencyHistogram::quantile(double q) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
  std::uint64_t below = 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    below += steps_[step];
    if (below < rank || below == 0) continue;
    // A step beyond the linear part carries its octave above kStepBits.
    const std::size_t octave = step >> kStepBits;
    const std::int64_t edge =
        octave < 2
            ? static_cast<std::int64_t>(step)
            : static_cast<std::int64_t>(
                  ((((step & ((1U << kStepBits) - 1)) | (1ULL << kStepBits)) + 1) << (octave - 1)) -
                  1);
    return std::min(edge, max_);
  }
  return 0;
}

}  // namespace h2
