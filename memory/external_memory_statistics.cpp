// SPDX-License-Identifier: Apache-2.0
// Statistics of a memory: what its channels, its requests and its tensors came to.

#include <functional>

#include "memory/external_memory.h"
#include "memory/latency_statistics.h"
#include "traces/record/stat_group.h"

namespace h2 {
namespace {

/// `d` is read anew for every number: what the channels count settles as they are asked.
void add_dram(StatGroup& group, const std::function<DramStatistics()>& d) {
  const auto count = [&](const char* name, const char* text, const char* formula,
                         std::uint64_t DramStatistics::*member) {
    group.add(name, "1", text, formula, [d, member] { return static_cast<double>(d().*member); });
  };
  count("reads", "64 B reads of the device", "counted as read commands go out",
        &DramStatistics::reads);
  count("writes", "64 B writes of the device", "counted as write commands go out",
        &DramStatistics::writes);
  count("row_hits", "64 B accesses that find their row open",
        "accesses for whose sake no row was opened", &DramStatistics::row_hits);
  count("row_misses", "rows opened in a bank that was closed",
        "counted as activate commands go out", &DramStatistics::row_misses);
  count("row_conflicts", "rows opened after another row of the bank had been closed for it",
        "counted as activate commands go out", &DramStatistics::row_conflicts);
  count("activates", "rows opened", "row_misses + row_conflicts", &DramStatistics::activates);
  count("unused_activates", "rows that a refresh closed before they were used",
        "row_hits + activates - (reads + writes), when nothing waits",
        &DramStatistics::unused_activates);
  count("precharges", "rows closed one by one, not by a refresh",
        "counted as precharge commands of single banks go out", &DramStatistics::precharges);
  count("refreshes", "refreshes, all channels", "counted as refresh commands go out",
        &DramStatistics::refreshes);
  count("turnarounds", "changes of direction of the data bus",
        "counted at each access whose direction is not that of the access before it",
        &DramStatistics::turnarounds);
}

}  // namespace

void add_latency(StatGroup& group, const LatencyHistogram& latency, const std::string& span) {
  const auto add = [&](const char* name, const char* text, const std::string& formula,
                       double (*of)(const LatencyHistogram&)) {
    group.add(name, "ns", text, formula, [&latency, of] { return of(latency) / 1e3; });
  };
  const std::string histogram = " in a histogram of " + span + ", error below 1.6 %";
  add("latency_mean_ns", "mean time from request to response", "mean of " + span,
      [](const LatencyHistogram& l) { return l.mean(); });
  add("latency_p50_ns", "half of the responses come within it", "50 %" + histogram,
      [](const LatencyHistogram& l) { return static_cast<double>(l.quantile(0.5)); });
  add("latency_p99_ns", "99 % of the responses come within it", "99 %" + histogram,
      [](const LatencyHistogram& l) { return static_cast<double>(l.quantile(0.99)); });
  add("latency_max_ns", "time to the slowest response", "largest of " + span,
      [](const LatencyHistogram& l) { return static_cast<double>(l.max()); });
}

void ExternalMemory::declare(StatGroup& group) {
  for (std::size_t k = 0; k < stats_.read_bytes.size(); ++k) {
    const std::string kind = name_of(static_cast<TensorKind>(k));
    group.group("read_bytes")
        .add(
            kind, "B", "read by engines, controller and host, by tensor",
            "sum of the bytes of answered reads, FP32 values charged as FP16",
            [this, k] { return static_cast<double>(stats_.read_bytes[k]); }, "kind");
    group.group("write_bytes")
        .add(
            kind, "B", "written by engines, controller and host, by tensor",
            "sum of the bytes of answered writes, FP32 values charged as FP16",
            [this, k] { return static_cast<double>(stats_.write_bytes[k]); }, "kind");
  }
  group.add("busy_bandwidth_gbps", "1e9 B/s", "mean rate without idle time",
            "sum of read_bytes and write_bytes / time with a transaction under way", [this] {
              const auto bytes = static_cast<double>(stats_.total_read() + stats_.total_write());
              return stats_.busy_ps > 0 ? bytes / static_cast<double>(stats_.busy_ps) * 1e3 : 0.0;
            });
  group.add("peak_gbps", "1e9 B/s", "highest rate of the device",
            "channels x bus width x transfers per second", [this] { return peak_gbps(); });
  add_dram(group, [this] { return dram_statistics(); });
  group.add("transactions", "1", "bursts of engines, and accesses of host and controller",
            "counted as they are answered",
            [this] { return static_cast<double>(stats_.latency.count()); });
  group.add("queueing_ns", "ns", "mean time from request to entering a command queue",
            "mean of (time the first 64 B enter a queue - time of the request)", [this] {
              const auto count = static_cast<double>(stats_.latency.count());
              return count > 0 ? stats_.queueing_ps / count / 1e3 : 0.0;
            });
  add_latency(group, stats_.latency, "(time of the response - time of the request)");
}

}  // namespace h2
