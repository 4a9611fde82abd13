#include "traces/results/run_record.h"

#include <functional>

#include "platform/platform.h"

namespace h2 {

Snapshot take_snapshot(const Platform& platform) {
  Snapshot s;
  s.cycle = platform.cycle();
  for (std::size_t e = 0; e < 3; ++e) s.engines[e] = platform.engines()[e]->stats();
  for (std::size_t m = 0; m < platform.memories.size(); ++m) {
    s.read_bytes[m] = platform.memories[m]->stats().total_read();
    s.write_bytes[m] = platform.memories[m]->stats().total_write();
  }
  return s;
}

namespace {

template <class Combine>
Snapshot combine(const Snapshot& a, const Snapshot& b, Combine of) {
  Snapshot s;
  s.cycle = of(a.cycle, b.cycle);
  for (std::size_t i = 0; i < 3; ++i) {
    s.engines[i].busy_cycles = of(a.engines[i].busy_cycles, b.engines[i].busy_cycles);
    s.engines[i].stall_cycles = of(a.engines[i].stall_cycles, b.engines[i].stall_cycles);
    s.engines[i].idle_cycles = of(a.engines[i].idle_cycles, b.engines[i].idle_cycles);
    s.read_bytes[i] = of(a.read_bytes[i], b.read_bytes[i]);
    s.write_bytes[i] = of(a.write_bytes[i], b.write_bytes[i]);
  }
  return s;
}

}  // namespace

Snapshot operator-(const Snapshot& end, const Snapshot& start) {
  return combine(end, start, std::minus<>());
}

Snapshot operator+(const Snapshot& a, const Snapshot& b) { return combine(a, b, std::plus<>()); }

void RunRecord::add(const LayerRecord& record) {
  jobs.push_back(record);
  if (jobs.size() > kMostJobs) jobs.pop_front();
  if (record.job.macs == 0) return;  // Grad alone, optimiser step
  LayerCost& cost = layers[{record.engine, record.job.layer_index}];
  cost.engine = record.engine;
  cost.last = record.job;
  ++cost.jobs;
  JobRecord& total = cost.total;
  total.cycles += record.job.cycles;
  total.compute_cycles += record.job.compute_cycles;
  total.memory_cycles += record.job.memory_cycles;
  total.macs += record.job.macs;
  total.executed_macs += record.job.executed_macs;
  total.bytes += record.job.bytes;
  total.fill_cycles += record.job.fill_cycles;
  total.drain_cycles += record.job.drain_cycles;
  total.load_stall_cycles += record.job.load_stall_cycles;
  total.store_stall_cycles += record.job.store_stall_cycles;
  total.wait_cycles += record.job.wait_cycles;
  total.range.underflows += record.job.range.underflows;
  total.range.overflows += record.job.range.overflows;
}

void RunRecord::add_densities(const JobRecord& job) {
  if (job.error == H2_OK) densities[job.result_layer] += job.densities;
}

}  // namespace h2
