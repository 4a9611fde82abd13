// SPDX-License-Identifier: Apache-2.0
#include "traces/results/summary.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <sstream>

#include "modules/base/error.h"
#include "traces/results/energy.h"
#include "traces/results/sha256.h"
#include "traces/results/statistics/run_statistics.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

/// A job whose array waits for more than this share of its time is bound by memory.
constexpr double kBoundByMemory = 0.1;

const char* bound_by(const JobRecord& j) {
  const auto waits = static_cast<double>(j.load_stall_cycles + j.store_stall_cycles);
  return waits > kBoundByMemory * static_cast<double>(j.cycles) ? "memory" : "compute";
}

Json layer_json(const LayerCost& cost, const RunInfo& info) {
  const JobRecord& j = cost.last;
  return {{"name", j.layer},
          {"engine", info.engines[cost.engine].key},
          {"kind", name_of(cost.kind)},
          {"pass", layer_names(cost, info)[1]},
          {"compute_cycles", j.compute_cycles},
          {"memory_cycles", j.memory_cycles},
          {"cycles", j.cycles},
          {"macs", j.macs},
          {"executed_macs", j.executed_macs},
          {"bound_by", bound_by(j)},
          {"bytes", j.bytes},
          {"underflows", j.range.underflows},
          {"overflows", j.range.overflows},
          {"compute_cycles_total", cost.total.compute_cycles},
          {"memory_cycles_total", cost.total.memory_cycles},
          {"cycles_total", cost.total.cycles},
          {"macs_total", cost.total.macs},
          {"executed_macs_total", cost.total.executed_macs},
          {"bytes_total", cost.total.bytes},
          {"energy_j", job_energy(info, cost.engine, j).total()},
          {"energy_j_total", job_energy(info, cost.engine, cost.total).total()},
          {"underflows_total", cost.total.range.underflows},
          {"overflows_total", cost.total.range.overflows}};
}

Json measured(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json warnings_json(const RunRecord& r) {
  Json warnings = Json::array();
  for (const Warning& w : r.warnings) {
    warnings.push_back({{"kind", w.kind}, {"text", w.text}, {"where", w.where}});
  }
  return warnings;
}

Json epochs_json(const RunRecord& r) {
  Json epochs = Json::array();
  for (const EpochRecord& e : r.epochs) {
    epochs.push_back({{"loss", e.loss}, {"train_accuracy", e.train_accuracy}});
    if (e.test_accuracy) epochs.back()["test_accuracy"] = *e.test_accuracy;
  }
  return epochs;
}

Json inference_json(const InferenceRecord& i, const RunRecord& r) {
  Json classes = Json::array();
  for (std::size_t label = 0; label < i.confusion.size(); ++label) {
    Json spikes = Json::array();
    for (std::size_t k = 0; k < i.confusion.size(); ++k) spikes.push_back(i.mean_spikes(label, k));
    classes.push_back({{"samples", i.samples(label)},
                       {"correct", i.confusion[label][label]},
                       {"spikes", spikes}});
  }
  const auto samples = static_cast<double>(std::max<std::size_t>(1, i.predicted.size()));
  return {{"samples", i.predicted.size()},
          {"accuracy", measured(i.accuracy())},
          {"accuracy_interval_95", {i.interval().first, i.interval().second}},
          {"cycles_per_sample", static_cast<double>(r.trained().cycle) / samples},
          {"classes", classes}};
}

Json time_json(const RunInfo& info, const RunRecord& r) {
  const double hertz = info.machine.clock_mhz * 1e6;
  const std::uint64_t cycles = r.trained().cycle;
  const double seconds = static_cast<double>(cycles) / hertz;
  Json time{{"cycles", cycles},
            {"seconds", seconds},
            {"sub_batches", r.sub_batches},
            {"cycles_per_sub_batch", r.steady_cycles_per_sub_batch},
            {"steady", r.steady},
            {"update", r.fused ? "fused" : "separate"},
            {"samples_per_second", seconds > 0 ? static_cast<double>(r.samples) / seconds : 0.0}};
  if (r.steady) {
    time["epoch_seconds"] =
        r.steady_cycles_per_sub_batch * static_cast<double>(r.epoch_sub_batches) / hertz;
  }
  for (const auto& [cause, spent] : r.breakdown) time["breakdown"][cause] = spent;
  if (r.test_samples != 0) {
    const std::uint64_t test = (r.tests + r.tests_at_end).cycle;
    time["evaluation"] = {{"cycles", test},
                          {"seconds", static_cast<double>(test) / hertz},
                          {"samples", r.test_samples}};
  }
  return time;
}

Json engines_json(const RunInfo& info, const RunRecord& r) {
  Json engines;
  const Snapshot trained = r.trained();
  for (std::size_t e = 0; e < info.engines.size(); ++e) {
    const EngineInfo& engine = info.engines[e];
    const EngineStats& spent = trained.engines[e];
    engines[engine.key] = {{"title", engine.title},
                           {"peak_ops_per_cycle", engine.peak_macs_per_cycle},
                           {"memories", engine.memories},
                           {"memories_text", engine.memories_text},
                           {"busy_cycles", spent.busy_cycles},
                           {"stall_cycles", spent.stall_cycles},
                           {"idle_cycles", spent.idle_cycles}};
  }
  return engines;
}

Json memory_json(const RunInfo& info, const RunRecord& r) {
  const Snapshot trained = r.trained();
  const double seconds = static_cast<double>(trained.cycle) / (info.machine.clock_mhz * 1e6);
  Json memory;
  for (std::size_t m = 0; m < info.memories.size(); ++m) {
    const std::uint64_t reads = trained.memories[m].read, writes = trained.memories[m].written;
    const double rate = seconds > 0 ? static_cast<double>(reads + writes) / seconds / 1e9 : 0.0;
    memory[info.memories[m].name] = {{"read_bytes", reads},
                                     {"write_bytes", writes},
                                     {"bandwidth_gbps", rate},
                                     {"peak_gbps", info.memories[m].peak_gbps}};
  }
  return memory;
}

std::string share_text(const Json& share) {
  if (share.is_null()) return "not tested";
  char text[16];
  std::snprintf(text, sizeof text, "%.2f %%", share.get<double>() * 100);
  return text;
}

std::string dram_text(const Json& energy) {
  if (energy["dram_j"].is_null()) return "not modelled";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g J", energy["dram_per_sample_j"].get<double>());
  return text;
}

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

/// Date and time of day, ISO 8601.
std::string utc(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json wall_json(const WallClock& wall) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double processor = processor_seconds();
  return {
      {"started", utc(std::time(nullptr) - std::lround(wall.seconds))},
      {"seconds", wall.seconds},
      {"peak_rss_bytes", static_cast<std::uint64_t>(usage.ru_maxrss) * 1024},
      {"samples_per_second",
       wall.seconds > 0 ? static_cast<double>(wall.samples) / wall.seconds : 0.0},
      {"processor_seconds", processor},
      {"input_seconds", wall.input_seconds},
      {"kernel_seconds", wall.kernel_seconds},
      {"platform_seconds", std::max(0.0, processor - wall.input_seconds - wall.kernel_seconds)}};
}

}  // namespace

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

std::string weights_sha256(const std::vector<std::vector<std::uint8_t>>& weights) {
  std::string all;
  for (const auto& w : weights) all.append(w.begin(), w.end());
  return sha256_hex(all);
}

Json make_summary(const RunInfo& info, const RunRecord& r, const WallClock& wall) {
  Json s;
  s["schema"] = 2;
  s["accelerator"] = info.accelerator;
  s["version"] = info.version;
  s["commit"] = info.commit;
  s["command"] = info.command;
  s["config"] = info.config;
  if (!r.weights.empty()) {
    s["result"] = {{"loss", r.loss},
                   {"train_accuracy", measured(r.train_accuracy)},
                   {"test_accuracy", measured(r.test_accuracy)},
                   {"epochs", epochs_json(r)},
                   {"weights_sha256", weights_sha256(r.weights)}};
    if (r.loss_scale) {
      s["result"]["loss_scale"] = {{"factor", r.loss_scale->factor},
                                   {"skipped_groups", r.loss_scale->skipped_groups},
                                   {"doublings", r.loss_scale->doublings}};
    }
  }
  if (r.inference) s["inference"] = inference_json(*r.inference, r);
  if (r.interrupted) s["interrupted"] = true;
  s["time"] = time_json(info, r);
  s["engines"] = engines_json(info, r);
  s["layers"] = Json::array();
  for (const auto& [key, cost] : r.layers) s["layers"].push_back(layer_json(cost, info));
  s["memory"] = memory_json(info, r);
  s["energy"] = energy_json(info, r.trained(), r.samples, r.layers);
  s["area"] = area_json(info);
  s["numerics"] = !info.numerics.empty() ? info.numerics
                  : info.machine.numerics == Numerics::fp16
                      ? "FP16 as the hardware computes"
                      : "FP32 in 4 stored bytes, charged as 2 in time and traffic";
  s["warnings"] = warnings_json(r);
  s["wall"] = wall_json(wall);
  s["complete"] = true;
  return s;
}

std::string summary_table(const Json& s) {
  std::ostringstream out;
  char line[160];
  const auto print = [&](const char* format, auto... values) {
    std::snprintf(line, sizeof line, format, values...);
    out << line << '\n';
  };
  if (s.contains("result") && !s["result"]["loss"].empty()) {
    const Json& result = s["result"];
    print("accuracy    train %s   test %s   loss %.4f -> %.4f",
          share_text(result["train_accuracy"]).c_str(), share_text(result["test_accuracy"]).c_str(),
          result["loss"].front().get<double>(), result["loss"].back().get<double>());
    if (result.contains("loss_scale")) {
      const Json& scale = result["loss_scale"];
      print("loss scale  %.0f   %.0f batch groups skipped   %.0f doublings",
            scale["factor"].get<double>(), scale["skipped_groups"].get<double>(),
            scale["doublings"].get<double>());
    }
  }
  if (s.contains("inference")) {
    const Json& i = s["inference"];
    print(
        "accuracy    %s of %.0f samples, 95 %% interval %.2f %% to %.2f %%   %.0f cycles per "
        "sample",
        share_text(i["accuracy"]).c_str(), i["samples"].get<double>(),
        i["accuracy_interval_95"][0].get<double>() * 100,
        i["accuracy_interval_95"][1].get<double>() * 100, i["cycles_per_sample"].get<double>());
  }
  const Json& time = s["time"];
  print("simulated   %.6f s   %.0f cycles per sub-batch   %.1f samples/s",
        time["seconds"].get<double>(), time["cycles_per_sub_batch"].get<double>(),
        time["samples_per_second"].get<double>());
  if (!time["steady"].get<bool>()) {
    print("%11s the run has no two whole batch groups: the time of an epoch is not known", "");
  }
  print("%-14s %8s %8s %8s", "engine", "busy %", "stall %", "idle %");
  const double cycles = std::max(1.0, time["cycles"].get<double>()) / 100;
  for (const auto& [name, e] : s["engines"].items()) {
    print("%-14s %8.1f %8.1f %8.1f", name.c_str(), e["busy_cycles"].get<double>() / cycles,
          e["stall_cycles"].get<double>() / cycles, e["idle_cycles"].get<double>() / cycles);
  }
  print("%-14s %8s %8s %8s %8s", "memory", "GB read", "written", "GB/s", "peak");
  for (const auto& [name, m] : s["memory"].items()) {
    print("%-14s %8.3f %8.3f %8.2f %8.1f", name.c_str(), m["read_bytes"].get<double>() / 1e9,
          m["write_bytes"].get<double>() / 1e9, m["bandwidth_gbps"].get<double>(),
          m["peak_gbps"].get<double>());
  }
  const Json& energy = s["energy"];
  print("%-14s %.4g J per sample, %.2f W, %.1f mm2; memories apart: %s (costs: %s)", "energy",
        energy["per_sample_j"].get<double>(), energy["power_w"].get<double>(),
        s["area"]["total_mm2"].get<double>(), dram_text(energy).c_str(),
        energy["preset"].get<std::string>().c_str());
  return out.str();
}

}  // namespace h2
