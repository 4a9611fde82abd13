// SPDX-License-Identifier: Apache-2.0
#include "traces/results/breakdown.h"

#include <algorithm>
#include <map>

#include "modules/contract/h2_contract.h"

namespace h2 {
namespace {

struct Causes {
  double compute = 0, transfers = 0, re_reads = 0, channel_shared = 0, channel_inefficiency = 0,
         lookahead = 0, pipeline_waits = 0, group_fill = 0, update = 0;
};

double end_of(const JobRecord& job) { return static_cast<double>(job.start_cycle + job.cycles); }

/// Cycles that two jobs have in common.
double overlap(const JobRecord& a, const JobRecord& b) {
  const auto begin = static_cast<double>(std::max(a.start_cycle, b.start_cycle));
  return std::max(0.0, std::min(end_of(a), end_of(b)) - begin);
}

/// Bytes in the sub-batch's own memory.
double own_bytes(const JobRecord& job) { return static_cast<double>(job.bytes - job.mem2_bytes); }

/// Sub-batches take Mem0 and Mem1 by turns; an update writes to both.
bool same_memory(const LayerRecord& a, const LayerRecord& b) {
  return a.sub_batch % 2 == b.sub_batch % 2 || a.opcode == H2_OP_UPDATE || b.opcode == H2_OP_UPDATE;
}

void explain(const LayerRecord& record, const std::vector<LayerRecord>& jobs, double rate,
             Causes& sum) {
  const JobRecord& job = record.job;
  const auto compute = static_cast<double>(job.compute_cycles);
  double stall = static_cast<double>(job.cycles) - compute;
  const auto take = [&](double cycles) {
    const double part = std::clamp(cycles, 0.0, stall);
    stall -= part;
    return part;
  };
  const double own = own_bytes(job) / rate, mem2 = static_cast<double>(job.mem2_bytes) / rate;
  const double again = static_cast<double>(job.repeated_bytes) / rate;
  const double once = std::max({compute, own - again, mem2});
  double others = 0;
  for (const LayerRecord& other : jobs) {
    if (other.engine == record.engine || other.job.cycles == 0) continue;
    const double shared = overlap(job, other.job) / static_cast<double>(other.job.cycles);
    if (shared > 0 && same_memory(record, other)) others += own_bytes(other.job) * shared / rate;
  }
  sum.compute += compute;
  sum.transfers += take(once - compute);
  sum.re_reads += take(std::max({compute, own, mem2}) - once);
  sum.channel_shared += take(others);
  sum.channel_inefficiency +=
      take(static_cast<double>(job.memory_cycles) - std::max(own, mem2) - others);
  sum.lookahead += stall;
}

/// Cycles of optimiser steps from `begin` to `end`; one engine does them one after the other.
double updating(const std::vector<LayerRecord>& jobs, double begin, double end) {
  double sum = 0;
  for (const LayerRecord& r : jobs) {
    if (r.opcode != H2_OP_UPDATE) continue;
    const double from = std::max(begin, static_cast<double>(r.job.start_cycle));
    sum += std::max(0.0, std::min(end, end_of(r.job)) - from);
  }
  return sum;
}

/// The engine whose jobs, optimiser steps left out, take longest.
int pacing_engine(const std::vector<LayerRecord>& jobs) {
  std::map<int, std::uint64_t> cycles;
  int pacing = 0;
  for (const LayerRecord& r : jobs) {
    if (r.opcode != H2_OP_UPDATE) cycles[r.engine] += r.job.cycles;
  }
  for (const auto& [engine, sum] : cycles) pacing = sum > cycles[pacing] ? engine : pacing;
  return pacing;
}

}  // namespace

Breakdown break_down(const std::vector<LayerRecord>& jobs, std::uint64_t begin, std::uint64_t end,
                     std::uint64_t sub_batches, double bytes_per_cycle) {
  const int pacing = pacing_engine(jobs);
  Causes sum;
  auto at = static_cast<double>(begin);
  double* waits = &sum.group_fill;
  const auto gap = [&](double until) {
    const double update = updating(jobs, at, until);
    sum.update += update;
    *waits += until - at - update;
    waits = &sum.pipeline_waits;
  };
  for (const LayerRecord& r : jobs) {
    if (r.opcode == H2_OP_UPDATE || r.engine != pacing) continue;
    gap(static_cast<double>(r.job.start_cycle));
    explain(r, jobs, bytes_per_cycle, sum);
    at = end_of(r.job);
  }
  gap(static_cast<double>(end));
  const double n = sub_batches == 0 ? 1.0 : static_cast<double>(sub_batches);
  return {{"compute", sum.compute / n},
          {"transfers", sum.transfers / n},
          {"re_reads", sum.re_reads / n},
          {"channel_shared", sum.channel_shared / n},
          {"channel_inefficiency", sum.channel_inefficiency / n},
          {"lookahead", sum.lookahead / n},
          {"pipeline_waits", sum.pipeline_waits / n},
          {"group_fill", sum.group_fill / n},
          {"update", sum.update / n}};
}

}  // namespace h2
