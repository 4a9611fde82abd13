// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/traffic.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <queue>

#include "memory/dram/address_map.h"
#include "memory/dram/memory_timing.h"
#include "memory/dram/traffic_stream.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr double kPsPerNs = 1000.0;

std::uint64_t warmup_of(const TrafficSpec& t) {
  return t.warmup == TrafficSpec::kTwentieth ? t.requests / 20 : t.warmup;
}

void check(const TrafficSpec& t) {
  if (t.queue_depth < 1 || t.queue_depth > 65536) {
    throw InputError("traffic: queue_depth " + std::to_string(t.queue_depth) +
                     " must be from 1 to 65536");
  }
  if (t.requests < 1 || warmup_of(t) >= t.requests) {
    throw InputError("traffic: requests " + std::to_string(t.requests) +
                     " must be at least 1 and more than warmup " + std::to_string(warmup_of(t)));
  }
}

TrafficLatency latency_of(const LatencyHistogram& h) {
  return {h.count(), h.mean() / kPsPerNs, static_cast<double>(h.quantile(0.5)) / kPsPerNs,
          static_cast<double>(h.quantile(0.99)) / kPsPerNs,
          static_cast<double>(h.max()) / kPsPerNs};
}

/// A credit on its way back to a requestor.
struct Credit {
  Picoseconds time;
  std::uint32_t port;
  bool write;
  bool operator>(const Credit& other) const {
    return time != other.time ? time > other.time : port > other.port;
  }
};

/// Keeps `queue_depth` requests of every requestor under way until enough have completed.
class ClosedLoop {
 public:
  ClosedLoop(const MemorySpec& memory, const TrafficSpec& traffic)
      : traffic_(traffic),
        warmup_(warmup_of(traffic)),
        streams_(make_streams(memory, traffic)),
        memory_(make_memory_timing(memory, BurstService::exact)) {}

  TrafficResult run();

 private:
  void submit(std::uint32_t port, Picoseconds now) {
    const TrafficAccess access = streams_[port]();
    if (free_.empty()) {
      free_.push_back(submitted_.size());
      submitted_.emplace_back();
    }
    const std::uint64_t id = free_.back();
    free_.pop_back();
    submitted_[id] = {port, now};
    memory_->submit({id, static_cast<int>(port), access.address, kLineBytes, access.write}, now);
  }
  void record(const MemoryCompletion& completion);
  void return_credits(Picoseconds now);
  [[nodiscard]] TrafficResult result(double wall_seconds);

  struct Submitted {
    std::uint32_t port = 0;
    Picoseconds time = 0;
  };

  TrafficSpec traffic_;
  std::uint64_t warmup_;
  std::vector<TrafficStream> streams_;
  std::unique_ptr<MemoryTiming> memory_;
  std::priority_queue<Credit, std::vector<Credit>, std::greater<>> credits_;
  std::uint64_t done_ = 0;
  Picoseconds measured_from_ = 0, last_ = 0;
  DramStatistics before_;
  std::vector<Submitted> submitted_;  ///< by id
  std::vector<std::uint64_t> free_;   ///< ids
  LatencyHistogram read_latency_, write_latency_;
  std::array<std::uint64_t, 2> measured_{};  ///< reads, writes whose credits have returned
};

TrafficResult ClosedLoop::run() {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < traffic_.queue_depth; ++i) {
    for (std::uint32_t port = 0; port < streams_.size(); ++port) submit(port, 0);
  }
  std::vector<MemoryCompletion> completions;
  while (done_ < traffic_.requests) {
    const Picoseconds credit = credits_.empty() ? kNoEvent : credits_.top().time;
    const Picoseconds now = std::min(credit, memory_->next_event());
    completions.clear();
    memory_->advance(now, completions);
    for (const MemoryCompletion& c : completions) record(c);
    return_credits(now);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return result(wall.count());
}

void ClosedLoop::record(const MemoryCompletion& c) {
  const Submitted& s = submitted_[c.id];
  credits_.push({c.time, s.port, c.write});
  free_.push_back(c.id);
  if (done_ < warmup_) return;
  if (c.write) {
    write_latency_.add(c.time - s.time);
  } else {
    read_latency_.add(c.time - c.accepted);
  }
}

void ClosedLoop::return_credits(Picoseconds now) {
  while (!credits_.empty() && credits_.top().time <= now && done_ < traffic_.requests) {
    const Credit credit = credits_.top();
    credits_.pop();
    last_ = credit.time;
    if (done_ >= warmup_) ++measured_[credit.write];
    if (++done_ == warmup_) {
      measured_from_ = last_;
      before_ = memory_->statistics();
    }
    submit(credit.port, now);
  }
}

TrafficResult ClosedLoop::result(double wall_seconds) {
  const DramStatistics after = memory_->statistics();
  TrafficResult r;
  r.pattern = traffic_.pattern;
  const auto bytes = static_cast<double>((traffic_.requests - warmup_) * kLineBytes);
  const auto elapsed_ns = static_cast<double>(last_ - measured_from_) / kPsPerNs;
  r.bandwidth_gbps = elapsed_ns > 0 ? bytes / elapsed_ns : 0.0;
  const double per_request = r.bandwidth_gbps / static_cast<double>(traffic_.requests - warmup_);
  r.read_gbps = per_request * static_cast<double>(measured_[0]);
  r.write_gbps = per_request * static_cast<double>(measured_[1]);
  r.peak_gbps = memory_->peak_gbps();
  r.read = latency_of(read_latency_);
  r.write = latency_of(write_latency_);
  const auto hits = static_cast<double>(after.row_hits - before_.row_hits);
  const auto all = static_cast<double>(after.bytes() - before_.bytes()) / kLineBytes;
  r.row_hit_rate = all > 0 ? hits / all : 0.0;
  r.simulated_ns = static_cast<double>(last_) / kPsPerNs;
  r.activates = after.activates - before_.activates;
  r.device_reads = after.reads - before_.reads;
  r.device_writes = after.writes - before_.writes;
  r.requests_per_wall_second = static_cast<double>(traffic_.requests) / wall_seconds;
  return r;
}

/// Completion minus `now` of one read of an idle memory.
Picoseconds single_read(MemoryTiming& memory, std::uint64_t address, Picoseconds now) {
  std::vector<MemoryCompletion> completions;
  memory.submit({0, 0, address, kLineBytes, false}, now);
  while (completions.empty()) memory.advance(memory.next_event(), completions);
  return completions.front().time - now;
}

}  // namespace

TrafficResult run_traffic(const MemorySpec& memory, const TrafficSpec& traffic) {
  check(traffic);
  return ClosedLoop(memory, traffic).run();
}

IdleLatency measure_idle_latency(const MemorySpec& memory) {
  const auto timing = make_memory_timing(memory, BurstService::exact);
  const AddressMap map(memory.dram, memory.bytes);
  DramLocation other_column, other_row;
  other_column.column = 1;
  other_row.row = 1;
  // Long enough for every distance to the previous access, short of the first refresh.
  const auto pause = static_cast<Picoseconds>(memory.dram.trefi * memory.dram.tck_ns / 4 * 1000);
  IdleLatency idle;
  idle.closed = static_cast<double>(single_read(*timing, 0, 0)) / kPsPerNs;
  idle.hit = static_cast<double>(single_read(*timing, map.encode(other_column), pause)) / kPsPerNs;
  idle.conflict =
      static_cast<double>(single_read(*timing, map.encode(other_row), 2 * pause)) / kPsPerNs;
  return idle;
}

void to_json(nlohmann::json& json, const TrafficLatency& l) {
  json = {{"mean", l.mean}, {"p50", l.p50}, {"p99", l.p99}, {"max", l.max}};
}

void to_json(nlohmann::json& json, const TrafficResult& r) {
  json = {
      {"pattern", r.pattern},           {"bandwidth_gbps", r.bandwidth_gbps},
      {"read_gbps", r.read_gbps},       {"write_gbps", r.write_gbps},
      {"peak_gbps", r.peak_gbps},       {"row_hit_rate", r.row_hit_rate},
      {"simulated_ns", r.simulated_ns}, {"requests_per_wall_second", r.requests_per_wall_second}};
  if (r.read.count > 0) json["read_latency_ns"] = r.read;
  if (r.write.count > 0) json["write_latency_ns"] = r.write;
}

void to_json(nlohmann::json& json, const IdleLatency& idle) {
  json = {{"closed", idle.closed}, {"hit", idle.hit}, {"conflict", idle.conflict}};
}

}  // namespace h2
