#include "platform/host/run_record.h"

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

void RunRecord::add(const LayerRecord& record) {
  if (record.job.macs == 0) return;  // Grad alone, optimiser step
  LayerCost& cost = layers[{record.engine, record.job.layer_index}];
  cost.engine = record.engine;
  cost.last = record.job;
  JobRecord& total = cost.total;
  total.cycles += record.job.cycles;
  total.compute_cycles += record.job.compute_cycles;
  total.memory_cycles += record.job.memory_cycles;
  total.macs += record.job.macs;
  total.executed_macs += record.job.executed_macs;
  total.bytes += record.job.bytes;
}

}  // namespace h2
