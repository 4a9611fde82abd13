// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "memory/dram/memory_spec.h"
#include "memory/dram/statistics.h"

namespace h2 {

/// Simulated time since the start.
using Picoseconds = std::int64_t;
inline constexpr Picoseconds kNoEvent = std::numeric_limits<Picoseconds>::max() / 4;

/// A contiguous transfer of one port of a MemN; every touched 64 B line costs a whole access.
struct MemoryRequest {
  std::uint64_t id = 0;
  int port = 0;  ///< small number; requests of one port enter the queues in order
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;
  bool write = false;
};

/// A read is complete when its last data has arrived, a posted write one clock after its last line
/// has been taken into the write buffer.
struct MemoryCompletion {
  std::uint64_t id = 0;
  bool write = false;
  Picoseconds accepted = 0;  ///< the first line entered a queue
  Picoseconds time = 0;
};

/// Timing of one MemN as events; no data, no SystemC. The owner keeps time:
///   submit(request, now);  ...  wait until next_event();  advance(now, completions);
class MemoryTiming {
 public:
  virtual ~MemoryTiming() = default;

  /// Always taken; the port waits where the queues are full. Times of successive calls of submit
  /// and advance must not decrease.
  virtual void submit(const MemoryRequest& request, Picoseconds now) = 0;
  /// Next time at which advance() has something to do; kNoEvent when nothing is under way.
  [[nodiscard]] virtual Picoseconds next_event() const = 0;
  /// No completion that is not known yet has an earlier time: who only waits for completions may
  /// call advance() then instead of at every event. kNoEvent when nothing is under way.
  [[nodiscard]] virtual Picoseconds next_completion() const = 0;
  /// Carries out everything up to and including `until` and appends the completions that have
  /// become certain; their time may lie after `until`, never before it is known.
  virtual void advance(Picoseconds until, std::vector<MemoryCompletion>& completions) = 0;

  /// From now on the bank of the channel has `row` open; kNoRow: it is closed.
  using RowObserver = std::function<void(int channel, int bank, std::int64_t row)>;
  static constexpr std::int64_t kNoRow = -1;
  /// Calls `observer` at every opening and closing. next_completion() then names these clocks, too:
  /// a caller that advances to it is told in time. Nothing else changes. To be called before the
  /// first request; without effect on a memory without banks.
  virtual void observe_rows(const RowObserver& observer) = 0;

  /// Sums over the channels up to the last advance().
  [[nodiscard]] virtual DramStatistics statistics() = 0;
  /// Highest possible rate in 1e9 B/s.
  [[nodiscard]] virtual double peak_gbps() const = 0;
};

/// `exact` schedules every 64 B access by itself. `runs` makes use of long transactions: one
/// channel represents all that do the same, and accesses to one row can be a run of up to 8 column
/// commands with a computed service time; rounding transactions to all channels adds at most 1 % of
/// accesses.
enum class BurstService { exact, runs };

/// Throws InputError on an invalid specification.
[[nodiscard]] std::unique_ptr<MemoryTiming> make_memory_timing(
    const MemorySpec& spec, BurstService service = BurstService::runs);

}  // namespace h2
