// SPDX-License-Identifier: Apache-2.0
#include "traces/results/energy.h"

#include <algorithm>
#include <functional>

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kJoulePerPicojoule = 1e-12;
constexpr std::uint64_t kLineBytes = 64;

/// Adds a memory's joules to the kinds of tensors in proportion to their bytes, read and written
/// apart; rows opened for all in proportion to all bytes.
void share_out(const MemoryBytes& m, const DramCosts& costs, std::map<std::string, double>& kinds) {
  const auto all = static_cast<double>(m.read + m.written);
  const double rows = costs.activate_pj * static_cast<double>(m.activates);
  const auto per_byte = [](double price, std::uint64_t lines, std::uint64_t bytes) {
    return bytes == 0
               ? 0.0
               : price * static_cast<double>(lines * kLineBytes) / static_cast<double>(bytes);
  };
  const double read = per_byte(costs.read_pj_per_byte, m.device_reads, m.read);
  const double written = per_byte(costs.write_pj_per_byte, m.device_writes, m.written);
  for (std::size_t k = 0; k < m.read_by_kind.size(); ++k) {
    const auto in = static_cast<double>(m.read_by_kind[k]);
    const auto out = static_cast<double>(m.written_by_kind[k]);
    if (in + out == 0) continue;
    kinds[name_of(static_cast<TensorKind>(k))] +=
        (in * read + out * written + rows * (in + out) / all) * kJoulePerPicojoule;
  }
}

GlbJoules sum_of(const std::vector<GlbJoules>& parts) {
  GlbJoules sum{};
  for (const GlbJoules& part : parts) {
    std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(), std::plus<>());
  }
  return sum;
}

/// Tensors that moved.
Json glb_json(const GlbJoules& joules) {
  Json json = Json::object();
  for (std::size_t t = 0; t < joules.size(); ++t) {
    if (joules[t] > 0) json[glb_name(t)] = joules[t];
  }
  return json;
}

}  // namespace

EnergyParts EnergyUse::accelerator() const {
  EnergyParts all;
  for (const EnergyParts& engine : engines) all += engine;
  return all;
}

double EnergyUse::dram_j() const {
  double all = 0;
  for (const double memory : memories) all += memory;
  return all;
}

EnergyUse energy_use(const RunInfo& info, const Snapshot& spent) {
  EnergyUse use;
  const EnergyModel& model = info.energy;
  for (std::size_t e = 0; e < model.engines.size() && e < spent.engines.size(); ++e) {
    use.engines.push_back(energy_of(model.engines[e], model.clock_hz, spent.events[e],
                                    static_cast<double>(spent.engines[e].busy_cycles),
                                    static_cast<double>(spent.cycle)));
    use.buffers.push_back(glb_joules(model.engines[e], spent.events[e]));
    for (std::size_t k = 0; k < model.engines[e].event_pj.size(); ++k) {
      const double joules = model.engines[e].event_pj[k] * static_cast<double>(spent.events[e][k]) *
                            kJoulePerPicojoule;
      if (joules > 0) use.events[info.events[k].key] += joules;
    }
  }
  if (!model.dram.known) return use;
  for (const MemoryBytes& m : spent.memories) {
    use.memories.push_back(dram_joules(
        model.dram, {m.activates, m.device_reads * kLineBytes, m.device_writes * kLineBytes}));
    share_out(m, model.dram, use.kinds);
  }
  return use;
}

GlbJoules job_glb(const RunInfo& info, const LayerCost& cost) {
  const auto e = static_cast<std::size_t>(cost.engine);
  if (e >= info.energy.engines.size()) return {};
  return glb_joules(info.energy.engines[e], cost.total.events);
}

EnergyParts job_energy(const RunInfo& info, int engine, const JobRecord& job) {
  const auto e = static_cast<std::size_t>(engine);
  if (e >= info.energy.engines.size()) return {};
  return energy_of(info.energy.engines[e], info.energy.clock_hz, job.events,
                   static_cast<double>(job.compute_cycles), 0);
}

const char* glb_name(std::size_t tensor) {
  return tensor < kGlbTensors ? glb_tensor_name(tensor) : "other";
}

Json inference_energy_json(const RunInfo& info, const Snapshot& spent, std::uint64_t samples) {
  const EnergyUse use = energy_use(info, spent);
  if (use.engines.empty() || samples == 0) return nullptr;
  const auto count = static_cast<double>(samples);
  Json json{{"forward_per_sample_j", use.engines.front().total() / count},
            {"accelerator_per_sample_j", use.accelerator().total() / count}};
  json["dram_per_sample_j"] = info.energy.dram.known ? Json(use.dram_j() / count) : Json();
  return json;
}

Json energy_json(const RunInfo& info, const Snapshot& spent, std::uint64_t samples,
                 const std::map<JobKey, LayerCost>& layers) {
  const EnergyUse use = energy_use(info, spent);
  const EnergyParts all = use.accelerator();
  const double seconds = static_cast<double>(spent.cycle) / info.energy.clock_hz;
  const auto per = [](double value, double by) { return by > 0 ? value / by : 0.0; };
  const auto count = static_cast<double>(samples);
  Json json{{"preset", info.energy.table},
            {"total_j", all.total()},
            {"power_w", per(all.total(), seconds)},
            {"per_sample_j", per(all.total(), count)},
            // Of one sample: joules times the seconds between two samples.
            {"energy_delay_js", per(per(all.total(), count) * seconds, count)},
            {"by_cause",
             {{"dynamic", all.dynamic_j}, {"clock", all.clock_j}, {"leakage", all.leakage_j}}}};
  for (std::size_t e = 0; e < use.engines.size(); ++e) {
    json["by_engine"][info.engines[e].key] = use.engines[e].total();
    json["leakage_w"][info.engines[e].key] = info.energy.engines[e].leakage_w;
  }
  for (const auto& [event, joules] : use.events) json["by_event"][event] = joules;
  std::map<std::string, double> by_layer;
  for (const auto& [key, cost] : layers) {
    by_layer[cost.last.layer] += job_energy(info, cost.engine, cost.total).total();
  }
  for (const auto& [layer, joules] : by_layer) json["by_layer"][layer] = joules;
  for (std::size_t e = 0; e < use.buffers.size(); ++e) {
    json["glb_by_engine"][info.engines[e].key] = glb_json(use.buffers[e]);
  }
  json["glb_by_tensor"] = glb_json(sum_of(use.buffers));
  std::map<std::string, std::vector<GlbJoules>> buffers;
  for (const auto& [key, cost] : layers) {
    buffers[cost.last.layer].push_back(job_glb(info, cost));
  }
  for (const auto& [layer, parts] : buffers) {
    json["glb_by_layer"][layer] = glb_json(sum_of(parts));
  }
  if (!info.energy.dram.known) {
    json["dram_j"] = nullptr;
    return json;
  }
  json["dram_j"] = use.dram_j();
  json["dram_per_sample_j"] = per(use.dram_j(), count);
  for (std::size_t m = 0; m < use.memories.size(); ++m) {
    json["dram_by_memory"][info.memories[m].name] = use.memories[m];
  }
  for (const auto& [kind, joules] : use.kinds) json["dram_by_tensor"][kind] = joules;
  return json;
}

Json area_json(const RunInfo& info) {
  double total = 0;
  Json by_engine, by_part;
  for (std::size_t e = 0; e < info.energy.engines.size(); ++e) {
    const EngineCosts& costs = info.energy.engines[e];
    by_engine[info.engines[e].key] = costs.total_area_mm2();
    total += costs.total_area_mm2();
    for (const auto& [part, area] : costs.area_mm2) {
      by_part[info.engines[e].key + "." + part] = area;
    }
  }
  return {{"total_mm2", total}, {"by_engine", by_engine}, {"by_part", by_part}};
}

}  // namespace h2
