// SPDX-License-Identifier: Apache-2.0
#include "traces/results/statistics/run_statistics.h"

#include <cstdint>
#include <functional>
#include <optional>

#include "modules/device/statistics.h"
#include "traces/results/energy.h"

namespace h2 {
namespace {

void add_totals(StatGroup& group, const RunRecord& record) {
  group.add("cycles", "cycles", "simulated core cycles of the training",
            "end of the last update - begin of the first sub-batch - tests between",
            [&record] { return static_cast<double>(record.trained().cycle); });
  group.add("sub_batches", "1", "sub-batches trained", "counted as they are handed to the card",
            [&record] { return static_cast<double>(record.sub_batches); });
  group.add("samples", "1", "samples trained", "sum of the samples of all sub-batches",
            [&record] { return static_cast<double>(record.samples); });
}

constexpr double kPicosecond = 1e-12;

/// What one of several cards did; nothing where it is not known.
void add_card(StatGroup& group, const RunInfo& info, const RunRecord& record, std::size_t card) {
  const auto add = [&](StatGroup& to, const char* name, const char* unit, const char* text,
                       const char* formula, const std::function<double(const Snapshot&)>& of) {
    to.add(name, unit, text, formula, [&record, card, of]() -> std::optional<double> {
      const Snapshot spent = record.trained(card);
      if (spent.engines.empty()) return std::nullopt;
      return of(spent);
    });
  };
  add(group, "energy_j", "J", "energy of the card's engines in training",
      "as energy.total_j of one card",
      [&info](const Snapshot& s) { return energy_use(info, s).accelerator().total(); });
  add(group, "dram_j", "J", "energy of the card's memories in training",
      "as energy.dram_j of one card",
      [&info](const Snapshot& s) { return energy_use(info, s).dram_j(); });
  for (std::size_t e = 0; e < info.engines.size(); ++e) {
    StatGroup& engine = group.group("engine").group(info.engines[e].key, "engine");
    add(engine, "busy_cycles", "cycles", "cycles with the array of the card's engine at work",
        "counted in the engine",
        [e](const Snapshot& s) { return static_cast<double>(s.engines[e].busy_cycles); });
    add(engine, "stall_cycles", "cycles",
        "cycles in which a job of the card's engine waits for memory", "counted in the engine",
        [e](const Snapshot& s) { return static_cast<double>(s.engines[e].stall_cycles); });
  }
}

/// Of cards that train together.
void add_cluster(StatGroup& group, const RunInfo& info, const RunRecord& record) {
  const ClusterRecord& cluster = *record.cluster;
  const auto add = [&](const char* name, const char* unit, const char* text, const char* formula,
                       std::uint64_t ClusterRecord::*of, double factor) {
    group.add(name, unit, text, formula,
              [&cluster, of, factor] { return static_cast<double>(cluster.*of) * factor; });
  };
  add("meetings", "1", "sums of gradients, or averages of weights, over all cards",
      "counted as they begin", &ClusterRecord::meetings, 1);
  add("link_s", "s", "time on the links between cards", "sum over meetings (CLUSTER.md)",
      &ClusterRecord::link_ps, kPicosecond);
  add("memory_s", "s", "time for what the meetings read and write in Mem2",
      "cluster.memory_bytes / peak rate of Mem2", &ClusterRecord::memory_ps, kPicosecond);
  add("sent_bytes", "B", "bytes sent by the card that sends most", "sum over meetings (CLUSTER.md)",
      &ClusterRecord::sent_bytes, 1);
  add("memory_bytes", "B", "bytes that the meetings read and write in one card's Mem2",
      "sum over meetings (CLUSTER.md)", &ClusterRecord::memory_bytes, 1);
  for (std::size_t i = 0; i < cluster.wait_ps.size(); ++i) {
    StatGroup& card = group.group("card").group(std::to_string(i), "card");
    card.add("wait_s", "s", "time that a card waits for later ones",
             "sum over meetings: arrival of the last card - its own",
             [&cluster, i] { return static_cast<double>(cluster.wait_ps[i]) * kPicosecond; });
    add_card(card, info, record, i);
  }
}

/// Joules of a global buffer by tensor, those that moved.
void add_buffer_energy(StatGroup& group, const std::string& of,
                       const std::function<GlbJoules()>& joules) {
  for (std::size_t t = 0; t <= kGlbTensors; ++t) {
    group.group("glb_j").add(
        glb_name(t), "J", "energy of the engine's global buffer " + of + ", by tensor",
        "bytes read and written for the tensor, each x its cost",
        [joules, t]() -> std::optional<double> {
          const double value = joules()[t];
          if (value == 0) return std::nullopt;
          return value;
        },
        "tensor");
  }
}

/// Joules of an engine by cause, with leakage over the whole run.
void add_engine_energy(StatGroup& group, const RunInfo& info, const RunRecord& record,
                       std::size_t e) {
  const auto add = [&](const char* name, const char* text, const char* formula,
                       double (*of)(const EnergyParts&)) {
    group.add(name, "J", text, formula, [&info, &record, e, of]() -> std::optional<double> {
      const EnergyUse use = energy_use(info, record.trained());
      if (e >= use.engines.size()) return std::nullopt;
      return of(use.engines[e]);
    });
  };
  add("dynamic_j", "energy of its events in training", "sum of events x their costs (ENERGY.md)",
      [](const EnergyParts& p) { return p.dynamic_j; });
  add("clock_j", "energy of its clocked registers in training",
      "engine.<engine>.busy_cycles x clocked bits x cost of one",
      [](const EnergyParts& p) { return p.clock_j; });
  add("leakage_j", "energy of its leakage in training", "leakage of its parts x run.cycles / clock",
      [](const EnergyParts& p) { return p.leakage_j; });
}

void add_memory_energy(StatGroup& group, const RunInfo& info, const RunRecord& record,
                       std::size_t m) {
  group.add("energy_j", "J", "energy of the device in training, outside the accelerator",
            "rows opened, 64 B read and 64 B written, each x its cost",
            [&info, &record, m]() -> std::optional<double> {
              const EnergyUse use = energy_use(info, record.trained());
              if (m >= use.memories.size()) return std::nullopt;
              return use.memories[m];
            });
}

void add_engines(StatGroup& root, const RunInfo& info, const RunRecord& record) {
  for (std::size_t e = 0; e < record.trained().engines.size(); ++e) {
    StatGroup& group = root.group("engine").group(info.engines[e].key, "engine");
    add_engine(
        group, [&record, e] { return record.trained().engines[e]; },
        [&record] { return static_cast<double>(record.trained().cycle); });
    add_events(group, info.events, [&record, e] {
      EventCounts sum;
      for (const auto& [key, cost] : record.layers) {
        if (cost.engine == static_cast<int>(e)) sum += cost.total.events;
      }
      return sum;
    });
    add_engine_energy(group.group("energy"), info, record, e);
    add_buffer_energy(group.group("energy"), "in training", [&info, &record, e] {
      const EnergyUse use = energy_use(info, record.trained());
      return e < use.buffers.size() ? use.buffers[e] : GlbJoules{};
    });
  }
}

void add_layers(StatGroup& root, const RunInfo& info, const RunRecord& record) {
  for (const auto& [key, cost] : record.layers) {
    const std::vector<std::string> names = layer_names(cost, info);
    StatGroup& group = root.group("layer").group(names[0], "layer").group(names[1], "engine");
    const double peak = info.engines[cost.engine].peak_macs_per_cycle;
    add_jobs(group, cost.kind == JobKind::array ? peak : 0, cost.total, cost.jobs);
    add_events(group, info.events, [&cost = cost] { return cost.total.events; });
    group.add("energy_j", "J", "energy of the jobs without leakage",
              "sum of events x their costs + compute_cycles x cost of the clock",
              [&info, &cost = cost] { return job_energy(info, cost.engine, cost.total).total(); });
    add_buffer_energy(group, "in the jobs", [&info, &cost = cost] { return job_glb(info, cost); });
  }
  for (const auto& [index, densities] : record.densities) {
    const std::string& layer = info.network.layers[static_cast<std::size_t>(index)].name;
    add_densities(root.group("layer").group(layer, "layer"), densities);
  }
}

}  // namespace

std::string pass_name(const LayerCost& cost, const RunInfo& info) {
  if (cost.kind == JobKind::norm) return "norm_" + cost.pass;
  if (cost.kind != JobKind::array) return name_of(cost.kind);
  return cost.pass.empty() ? info.engines[cost.engine].key : cost.pass;
}

std::vector<std::string> layer_names(const LayerCost& cost, const RunInfo& info) {
  constexpr std::size_t kPasses = 3;
  if (info.engines.size() <= kPasses) return {cost.last.layer, pass_name(cost, info)};
  // Several engines share a pass through a layer; each does one.
  const std::string& key = info.engines[cost.engine].key;
  if (cost.kind == JobKind::array) return {cost.last.layer, key};
  return {cost.last.layer, std::string(name_of(cost.kind)) + "_" + key};
}

void add_run(StatGroup& root, const RunInfo& info, const RunRecord& record) {
  add_totals(root.group("run"), record);
  if (record.cluster) add_cluster(root.group("cluster"), info, record);
  add_engines(root, info, record);
  add_layers(root, info, record);
  const double clock_mhz = info.machine.clock_mhz;
  for (std::size_t m = 0; m < info.memories.size(); ++m) {
    add_memory_energy(root.group("memory").group(info.memories[m].name, "memory"), info, record, m);
    root.group("memory")
        .group(info.memories[m].name, "memory")
        .add("bandwidth_gbps", "1e9 B/s", "mean rate in training, idle time included",
             "bytes read and written in training / (run.cycles / clock)",
             [&record, m, clock_mhz]() -> std::optional<double> {
               const Snapshot trained = record.trained();
               if (m >= trained.memories.size() || trained.cycle == 0) return 0.0;
               const auto bytes = trained.memories[m].read + trained.memories[m].written;
               return static_cast<double>(bytes) * clock_mhz / static_cast<double>(trained.cycle) /
                      1e3;
             });
  }
}

}  // namespace h2
