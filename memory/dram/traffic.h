// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "memory/dram/memory_spec.h"

namespace h2 {

/// Synthetic traffic on one MemN: 64 B requests in a closed loop.
struct TrafficSpec {
  /// Warm-up of a twentieth of the requests.
  static constexpr std::uint64_t kTwentieth = ~std::uint64_t{0};

  std::string pattern = "seq_rd";     ///< see traffic_patterns()
  int queue_depth = 64;               ///< requests each requestor keeps outstanding
  std::uint64_t requests = 200000;    ///< completed in all, warm-up included
  std::uint64_t warmup = kTwentieth;  ///< first completions, not measured
  std::uint64_t seed = 1;
  std::uint64_t stride = 4096;  ///< bytes, pattern `stride` only; a multiple of 64
};

/// In ns, after the warm-up.
struct TrafficLatency {
  std::uint64_t count = 0;  ///< requests measured; without any the rest means nothing
  double mean = 0, p50 = 0, p99 = 0, max = 0;
};

struct TrafficResult {
  std::string pattern;
  double bandwidth_gbps = 0;  ///< 1e9 B/s between the last warm-up completion and the last of all
  double read_gbps = 0, write_gbps = 0;  ///< the shares of reads and writes
  double peak_gbps = 0;
  TrafficLatency read;      ///< from acceptance to last data
  TrafficLatency write;     ///< from submission until it is posted: the wait for room in the buffer
  double row_hit_rate = 0;  ///< accesses served from the open row
  double simulated_ns = 0;
  /// Commands of the device between those two times.
  std::uint64_t activates = 0, device_reads = 0, device_writes = 0;
  double requests_per_wall_second = 0;
};

/// Latency of a single read of an idle channel, ns.
struct IdleLatency {
  double closed = 0, hit = 0, conflict = 0;
};

/// Every legal pattern name.
[[nodiscard]] const std::vector<std::string>& traffic_patterns();

/// Runs the pattern. Throws InputError on an unknown pattern or a number out of range.
[[nodiscard]] TrafficResult run_traffic(const MemorySpec& memory, const TrafficSpec& traffic);

[[nodiscard]] IdleLatency measure_idle_latency(const MemorySpec& memory);

/// {mean, p50, p99, max}
void to_json(nlohmann::json& json, const TrafficLatency& latency);
/// {pattern, bandwidth_gbps, read_gbps, write_gbps, peak_gbps, read_latency_ns: {mean, p50, p99,
/// max}, write_latency_ns: {the same}, row_hit_rate, simulated_ns, requests_per_wall_second}; the
/// latency of a direction that the pattern lacks is left out.
void to_json(nlohmann::json& json, const TrafficResult& result);
/// {closed, hit, conflict}
void to_json(nlohmann::json& json, const IdleLatency& latency);

}  // namespace h2
