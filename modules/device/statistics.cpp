// SPDX-License-Identifier: Apache-2.0
#include "modules/device/statistics.h"

#include <algorithm>
#include <utility>

namespace h2 {
namespace {

double share(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

/// Adds members of a record as they are.
template <class Record>
class Members {
 public:
  Members(StatGroup& group, std::function<Record()> record)
      : group_(group), record_(std::move(record)) {}
  void operator()(const char* name, const char* unit, const char* text, const char* formula,
                  std::uint64_t Record::*member) const {
    group_.add(name, unit, text, formula,
               [record = record_, member] { return static_cast<double>(record().*member); });
  }

 private:
  StatGroup& group_;
  std::function<Record()> record_;
};

}  // namespace

void add_engine(StatGroup& group, const std::function<EngineStats()>& spent,
                const std::function<double()>& cycles) {
  const Members<EngineStats> cycles_of(group, spent);
  cycles_of("busy_cycles", "cycles", "the array works",
            "sum of the times from begin to end of a chunk's computation",
            &EngineStats::busy_cycles);
  cycles_of("stall_cycles", "cycles", "a job is open and the array waits for memory",
            "sum of the times from begin to end of a job in which no chunk computes",
            &EngineStats::stall_cycles);
  cycles_of("idle_cycles", "cycles", "no job is open",
            "sum of the times from the end of a job to the begin of the next",
            &EngineStats::idle_cycles);
  group.add("utilisation", "share", "of the time the array works", "busy_cycles / run.cycles",
            [spent, cycles] { return share(static_cast<double>(spent().busy_cycles), cycles()); });
}

void add_jobs(StatGroup& group, double peak, const JobRecord& total, const std::uint64_t& jobs) {
  const Members<JobRecord> sum(group, [&total] { return total; });
  group.add("jobs", "1",
            "jobs, one per sub-batch; <engine> is also update (optimiser steps) and grad (the last "
            "layer's "
            "Grad)",
            "counted as they end", [&jobs] { return static_cast<double>(jobs); });
  sum("cycles", "cycles", "the jobs are open",
      "sum over jobs: time of the last response to a store - time at which the engine takes the "
      "job",
      &JobRecord::cycles);
  sum("compute_cycles", "cycles", "the array works, fill and drain included",
      "sum over chunks: array + fill + drain of the data sheet; H2Learn: modules/h2learn/TIMING.md",
      &JobRecord::compute_cycles);
  sum("lut_fill_cycles", "cycles",
      "exposed fill of look-up tables, filters or the PE pipeline, part of compute_cycles",
      "sum over chunks: fill of the data sheet; H2Learn: modules/h2learn/TIMING.md",
      &JobRecord::fill_cycles);
  sum("drain_cycles", "cycles", "Soma or Grad slower than the array, part of compute_cycles",
      "sum over chunks: drain of the data sheet; H2Learn: modules/h2learn/TIMING.md",
      &JobRecord::drain_cycles);
  group.add(
      "sync_loss_cycles", "cycles",
      "compute cycles that PEs spend waiting for others or without work, averaged over the array",
      "compute_cycles - lut_fill_cycles - drain_cycles - executed_macs / peak MACs per cycle",
      [&total, peak] {
        if (peak == 0) return 0.0;
        const auto array =
            static_cast<double>(total.compute_cycles - total.fill_cycles - total.drain_cycles);
        return std::max(0.0, array - static_cast<double>(total.executed_macs) / peak);
      });
  sum("load_stall_cycles", "cycles", "the array waits for operands",
      "sum of the times without a loaded chunk, those without room for results left out",
      &JobRecord::load_stall_cycles);
  sum("store_stall_cycles", "cycles",
      "the array waits for room for results, or the job for the end of its stores",
      "cycles - compute_cycles - load_stall_cycles", &JobRecord::store_stall_cycles);
  sum("pipeline_wait_cycles", "cycles",
      "the engine has no job before these: descriptors and dependences",
      "sum over jobs: time at which the engine takes the job - end of its job before",
      &JobRecord::wait_cycles);
  sum("memory_cycles", "cycles", "a load or a store is under way",
      "sum of the times with a transaction of the jobs under way", &JobRecord::memory_cycles);
  sum("macs", "1", "dense multiply-accumulates, bit planes counted once",
      "weights x output positions x timesteps x samples", &JobRecord::macs);
  sum("executed_macs", "1",
      "multiply-accumulates that the array did, every bit plane, skipped zeros left out",
      "sum over chunks: outputs x inputs, or taps that the PEs took", &JobRecord::executed_macs);
  group.add("utilisation", "share", "of the array's peak while the jobs are open",
            "executed_macs / (cycles x peak MACs per cycle)", [&total, peak] {
              return share(static_cast<double>(total.executed_macs),
                           static_cast<double>(total.cycles) * peak);
            });
  sum("bytes", "B", "moved to and from external memory",
      "sum of the bytes of loads and stores, FP32 values charged as FP16", &JobRecord::bytes);
}

void add_densities(StatGroup& group, const LayerDensities& densities) {
  const auto add = [&](const char* name, const char* text, const char* formula,
                       const Density& density) {
    group.add(name, "share", text, formula, [&density]() -> std::optional<double> {
      if (density.elements == 0) return std::nullopt;
      return density.share();
    });
  };
  add("spike_density",
      "non-zeros in the output of the layer, spikes or averages of four, in training",
      "non-zeros / (samples x timesteps x neurons or averages)", densities.spikes);
  add("mask_density", "neurons open to the gradient, Eq. (5), in training",
      "open neurons / (samples x timesteps x neurons)", densities.mask);
  add("gradient_density", "non-zeros of grad-u, Eq. (6), in training",
      "non-zeros / (samples x timesteps x neurons)", densities.gradient);
}

void add_events(StatGroup& group, const std::vector<EventKind>& kinds,
                const std::function<EventCounts()>& counts) {
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    group.group("events").add(kinds[k].key, kinds[k].unit, kinds[k].text, kinds[k].formula,
                              [counts, k] { return static_cast<double>(counts()[k]); });
  }
}

}  // namespace h2
