#include "traces/results/statistics/collect.h"

#include <algorithm>

#include "modules/base/result_file.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

double share(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

void add_engines(const RunInfo& info, const RunRecord& r, Statistics& s) {
  const Snapshot trained = r.trained();
  const auto cycles = static_cast<double>(trained.cycle);
  s.set("run.cycles", {}, cycles);
  s.set("run.sub_batches", {}, static_cast<double>(r.sub_batches));
  s.set("run.samples", {}, static_cast<double>(r.samples));
  for (std::size_t e = 0; e < info.engines.size(); ++e) {
    const EngineStats& spent = trained.engines[e];
    const std::vector<std::string> name{info.engines[e].key};
    s.set("engine.<engine>.busy_cycles", name, static_cast<double>(spent.busy_cycles));
    s.set("engine.<engine>.stall_cycles", name, static_cast<double>(spent.stall_cycles));
    s.set("engine.<engine>.idle_cycles", name, static_cast<double>(spent.idle_cycles));
    s.set("engine.<engine>.utilisation", name,
          share(static_cast<double>(spent.busy_cycles), cycles));
  }
}

/// Layer, and the engine or what else it does there than work with its array.
std::vector<std::string> names_of(const LayerCost& cost, const RunInfo& info) {
  return {cost.last.layer,
          cost.kind == JobKind::array ? info.engines[cost.engine].key : name_of(cost.kind)};
}

void add_layer(const LayerCost& cost, const RunInfo& info, Statistics& s) {
  const JobRecord& j = cost.total;
  const EngineInfo& engine = info.engines[cost.engine];
  const std::vector<std::string> names = names_of(cost, info);
  const double peak = engine.peak_macs_per_cycle;
  const auto set = [&](const char* name, double value) {
    s.set(std::string("layer.<layer>.<engine>.") + name, names, value);
  };
  const auto executed = static_cast<double>(j.executed_macs);
  const double array = static_cast<double>(j.compute_cycles - j.fill_cycles - j.drain_cycles);
  set("jobs", static_cast<double>(cost.jobs));
  set("cycles", static_cast<double>(j.cycles));
  set("compute_cycles", static_cast<double>(j.compute_cycles));
  set("lut_fill_cycles", static_cast<double>(j.fill_cycles));
  set("drain_cycles", static_cast<double>(j.drain_cycles));
  set("sync_loss_cycles", cost.kind == JobKind::array ? std::max(0.0, array - executed / peak) : 0);
  set("load_stall_cycles", static_cast<double>(j.load_stall_cycles));
  set("store_stall_cycles", static_cast<double>(j.store_stall_cycles));
  set("pipeline_wait_cycles", static_cast<double>(j.wait_cycles));
  set("memory_cycles", static_cast<double>(j.memory_cycles));
  set("macs", static_cast<double>(j.macs));
  set("executed_macs", executed);
  set("utilisation", share(executed, static_cast<double>(j.cycles) * peak));
  set("bytes", static_cast<double>(j.bytes));
}

void add_densities(const std::string& layer, const LayerDensities& d, Statistics& s) {
  const auto set = [&](const char* name, const Density& density) {
    if (density.elements != 0) {
      s.set(std::string("layer.<layer>.") + name, {layer}, density.share());
    }
  };
  set("spike_density", d.spikes);
  set("mask_density", d.mask);
  set("gradient_density", d.gradient);
}

void add_dram(const DramStatistics& d, const std::vector<std::string>& name, Statistics& s) {
  s.set("memory.<memory>.row_hits", name, static_cast<double>(d.row_hits));
  s.set("memory.<memory>.row_misses", name, static_cast<double>(d.row_misses));
  s.set("memory.<memory>.row_conflicts", name, static_cast<double>(d.row_conflicts));
  s.set("memory.<memory>.activates", name, static_cast<double>(d.activates));
  s.set("memory.<memory>.refreshes", name, static_cast<double>(d.refreshes));
  s.set("memory.<memory>.turnarounds", name, static_cast<double>(d.turnarounds));
}

void add_latency(const std::string& of, const std::vector<std::string>& name,
                 const LatencyHistogram& latency, Statistics& s) {
  const auto ns = [](double ps) { return ps / 1e3; };
  s.set(of + ".latency_mean_ns", name, ns(latency.mean()));
  s.set(of + ".latency_p50_ns", name, ns(static_cast<double>(latency.quantile(0.5))));
  s.set(of + ".latency_p99_ns", name, ns(static_cast<double>(latency.quantile(0.99))));
  s.set(of + ".latency_max_ns", name, ns(static_cast<double>(latency.max())));
}

void add_memory(const ExternalMemory& memory, std::size_t index, double clock_mhz,
                const RunRecord& r, Statistics& s) {
  const std::vector<std::string> name{memory.basename()};
  const ExternalMemory::Stats& m = memory.stats();
  for (std::size_t k = 0; k < m.read_bytes.size(); ++k) {
    const std::vector<std::string> names{memory.basename(), name_of(static_cast<TensorKind>(k))};
    s.set("memory.<memory>.read_bytes.<kind>", names, static_cast<double>(m.read_bytes[k]));
    s.set("memory.<memory>.write_bytes.<kind>", names, static_cast<double>(m.write_bytes[k]));
  }
  const Snapshot trained = r.trained();
  const auto bytes =
      static_cast<double>(trained.memories[index].read + trained.memories[index].written);
  const double ns = static_cast<double>(trained.cycle) / clock_mhz * 1e3;
  s.set("memory.<memory>.bandwidth_gbps", name, share(bytes, ns));
  s.set("memory.<memory>.busy_bandwidth_gbps", name,
        share(static_cast<double>(m.total_read() + m.total_write()),
              static_cast<double>(m.busy_ps) / 1e3));
  s.set("memory.<memory>.peak_gbps", name, memory.peak_gbps());
  add_dram(memory.dram_statistics(), name, s);
  const auto count = static_cast<double>(m.latency.count());
  s.set("memory.<memory>.transactions", name, count);
  s.set("memory.<memory>.queueing_ns", name, share(m.queueing_ps, count) / 1e3);
  add_latency("memory.<memory>", name, m.latency, s);
}

void add_probe(const Probe& probe, Statistics& s) {
  const std::string& socket = probe.watched();
  const std::vector<std::string> name{socket.substr(socket.find('.') + 1)};  // without the board
  const Probe::Stats& p = probe.stats();
  const auto set = [&](const char* item, std::uint64_t value) {
    s.set(std::string("probe.<socket>.") + item, name, static_cast<double>(value));
  };
  set("transactions", p.transactions);
  set("errors", p.errors);
  set("read_bytes", p.read_bytes);
  set("write_bytes", p.write_bytes);
  set("debug_accesses", p.debug_accesses);
  set("most_open", p.most_open);
  add_latency("probe.<socket>", name, p.latency, s);
}

Json jobs_json(const RunInfo& info, const RunRecord& r) {
  const char* const phases[] = {"", "forward", "backward", "weight_gradient", "update"};
  Json jobs = Json::array();
  for (const LayerRecord& record : r.jobs) {
    const JobRecord& j = record.job;
    jobs.push_back({{"engine", info.engines[record.engine].key},
                    {"layer", j.layer},
                    {"sub_batch", record.sub_batch},
                    {"phase", phases[record.opcode]},
                    {"start_cycle", j.start_cycle},
                    {"end_cycle", j.start_cycle + j.cycles}});
  }
  return jobs;
}

Json tests_json(const RunRecord& r) {
  Json tests = Json::array();
  for (const CycleSpan& s : r.test_spans) {
    tests.push_back({{"start_cycle", s.begin}, {"end_cycle", s.end}});
  }
  return tests;
}

}  // namespace

Statistics collect_statistics(const RunInfo& info, const RunRecord& record,
                              const BoardCounters& board) {
  Statistics s;
  add_engines(info, record, s);
  for (const auto& [key, cost] : record.layers) add_layer(cost, info, s);
  for (const auto& [index, densities] : record.densities) {
    add_densities(info.network.layers[static_cast<std::size_t>(index)].name, densities, s);
  }
  for (std::size_t m = 0; m < board.memories.size(); ++m) {
    add_memory(*board.memories[m], m, info.machine.clock_mhz, record, s);
  }
  for (const Probe* probe : board.probes) add_probe(*probe, s);
  s.set("host.interrupts", {}, static_cast<double>(board.interrupts));
  s.set("host.register_reads", {}, static_cast<double>(board.register_reads));
  s.set("host.register_writes", {}, static_cast<double>(board.register_writes));
  return s;
}

void write_statistics(const std::filesystem::path& folder, const RunInfo& info,
                      const RunRecord& record, const BoardCounters& board, const Sampler& sampler) {
  const Statistics s = collect_statistics(info, record, board);
  const Json all{{"schema", 1},
                 {"items", s.json()},
                 {"samples", sampler.json(info)},
                 {"jobs", jobs_json(info, record)},
                 {"tests", tests_json(record)}};
  write_result((folder / "stats.json").string(), all.dump(1) + "\n");
  write_result((folder / "stats.csv").string(), s.csv());
  std::vector<std::vector<std::string>> layers;
  for (const auto& [key, cost] : record.layers) {
    layers.push_back(names_of(cost, info));
  }
  write_result((folder / "layers.csv").string(), s.table("layer.<layer>.<engine>.", layers));
}

}  // namespace h2
