// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/two_machines.h"

#include <algorithm>
#include <numeric>

namespace h2 {

EngineRun engine_run(const RunOutcome& outcome, const std::string& engine,
                     const std::vector<std::string>& names) {
  const auto& summary = outcome.summary;
  const double samples = summary["time"]["sub_batches"].get<double>() *
                         summary["config"]["training"]["sub_batch"].get<double>();
  EngineRun run;
  for (const auto& layer : summary["layers"]) {
    if (layer["engine"] != engine || layer["kind"] != "array") continue;
    if (std::find(names.begin(), names.end(), layer["name"]) == names.end()) continue;
    run.cycles += layer["cycles_total"].get<double>() / samples;
    run.busy += layer["compute_cycles_total"].get<double>() / samples;
    run.joules += layer["energy_j_total"].get<double>() / samples;
    run.macs += layer["macs_total"].get<double>() / samples;
    run.executed += layer["executed_macs_total"].get<double>() / samples;
  }
  run.seconds = run.cycles / (summary["config"]["clock_mhz"].get<double>() * 1e6);
  run.leakage_w = summary["energy"]["leakage_w"][engine].get<double>();
  run.area_mm2 = summary["area"]["by_engine"][engine].get<double>();
  return run;
}

std::vector<Override> spinalflow_sets(const std::vector<Override>& more) {
  std::vector<Override> sets{{"accelerator", "spinalflow"},   {"clock_mhz", "200"},
                             {"network.pool", "before_soma"}, {"spinalflow.leak", "64"},
                             {"memory.dram.channels", "1"},   {"trace.vcd.enable", "false"}};
  sets.insert(sets.end(), more.begin(), more.end());
  return sets;
}

MachineRatio ratio_of(const EngineRun& s, const EngineRun& f) {
  MachineRatio r;
  r.units = s.seconds / f.seconds;
  r.area_published = r.units * kSpinalFlowUnit.mm2 / kForwardUnit.mm2;
  r.area_counted = r.units * s.area_mm2 / f.area_mm2;
  r.energy_published = kSpinalFlowUnit.watts * s.seconds / (kForwardUnit.watts * f.seconds);
  r.energy_events = s.joules / f.joules;
  r.energy_counted = (s.joules + s.leakage_j()) / (f.joules + f.leakage_j());
  return r;
}

double where_one(const std::vector<double>& x, const std::vector<double>& y) {
  std::size_t i = 1;
  while (i + 1 < x.size() && y[i] < 1) ++i;
  return x[i - 1] + (1 - y[i - 1]) * (x[i] - x[i - 1]) / (y[i] - y[i - 1]);
}

}  // namespace h2
