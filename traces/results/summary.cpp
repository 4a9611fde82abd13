// SPDX-License-Identifier: Apache-2.0
#include "traces/results/summary.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "modules/base/error.h"
#include "modules/base/wilson.h"
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
          {"pass", pass_name(cost, info)},
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

/// Shares of non-zeros by layer; what was not counted is left out.
Json densities_json(const std::map<int, LayerDensities>& densities, const RunInfo& info) {
  Json json = Json::object();
  for (const auto& [index, d] : densities) {
    Json& layer = json[info.network.layers[static_cast<std::size_t>(index)].name];
    if (d.spikes.elements != 0) layer["spikes"] = d.spikes.share();
    if (d.mask.elements != 0) layer["mask"] = d.mask.share();
    if (d.gradient.elements != 0) layer["gradient"] = d.gradient.share();
  }
  return json;
}

Json epochs_json(const RunRecord& r, const RunInfo& info) {
  Json epochs = Json::array();
  for (const EpochRecord& e : r.epochs) {
    epochs.push_back({{"loss", e.loss}, {"train_accuracy", e.train_accuracy}});
    if (e.test_accuracy) epochs.back()["test_accuracy"] = *e.test_accuracy;
    if (e.validation_accuracy) epochs.back()["validation_accuracy"] = *e.validation_accuracy;
    epochs.back()["densities"] = densities_json(e.densities, info);
  }
  return epochs;
}

/// How many samples an accuracy is of, and what that is worth.
void add_interval(const std::string& set, const std::optional<double>& accuracy,
                  std::uint64_t samples, Json& result) {
  if (!accuracy) return;
  const auto interval = wilson_interval(*accuracy, static_cast<double>(samples));
  result[set + "_samples"] = samples;
  result[set + "_interval_95"] = Json::array({interval.first, interval.second});
}

Json result_json(const RunRecord& r, const RunInfo& info) {
  Json result = {{"loss", r.loss},
                 {"train_accuracy", measured(r.train_accuracy)},
                 {"test_accuracy", measured(r.test_accuracy)},
                 {"epochs", epochs_json(r, info)},
                 {"weights_sha256", weights_sha256(r.weights)}};
  add_interval("test", r.test_accuracy, r.test_set, result);
  if (r.validation_set > 0) result["validation_accuracy"] = measured(r.validation_accuracy);
  add_interval("validation", r.validation_accuracy, r.validation_set, result);
  if (r.loss_scale) {
    result["loss_scale"] = {{"factor", r.loss_scale->factor},
                            {"skipped_groups", r.loss_scale->skipped_groups},
                            {"doublings", r.loss_scale->doublings}};
  }
  return result;
}

Json inference_json(const InferenceRecord& i, const RunInfo& info, const RunRecord& r) {
  Json classes = Json::array();
  for (std::size_t label = 0; label < i.confusion.size(); ++label) {
    Json spikes = Json::array();
    for (std::size_t k = 0; k < i.confusion.size(); ++k) spikes.push_back(i.mean_spikes(label, k));
    classes.push_back({{"samples", i.samples(label)},
                       {"correct", i.confusion[label][label]},
                       {"spikes", spikes}});
  }
  const auto samples = static_cast<double>(std::max<std::size_t>(1, i.predicted.size()));
  Json inference{{"samples", i.predicted.size()},
                 {"accuracy", measured(i.accuracy())},
                 {"accuracy_interval_95", {i.interval().first, i.interval().second}},
                 {"cycles_per_sample", static_cast<double>(r.trained().cycle) / samples},
                 {"energy", inference_energy_json(info, r.trained(), i.predicted.size())},
                 {"classes", classes}};
  std::uint64_t right = 0, steps = 0;
  for (std::size_t t = 1; t < i.by_step.size(); ++t) {
    right += i.by_step[t].right;
    steps += t * i.by_step[t].samples;
    inference["accuracy_by_step"].push_back(static_cast<double>(right) / samples);
  }
  if (!i.by_step.empty()) {
    inference["undecided"] = i.by_step[0].samples;
    inference["undecided_right"] = i.by_step[0].right;
    inference["steps_decided"] = steps;
  }
  return inference;
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

constexpr double kSecond = 1e-12;  // of a picosecond

/// What one of the cards did in training; null where it is not known.
Json card_json(const RunInfo& info, const Snapshot& spent) {
  if (spent.engines.empty()) return nullptr;
  const EnergyUse use = energy_use(info, spent);
  Json card, engines;
  for (std::size_t e = 0; e < info.engines.size(); ++e) {
    engines[info.engines[e].key] = {{"busy_cycles", spent.engines[e].busy_cycles},
                                    {"stall_cycles", spent.engines[e].stall_cycles},
                                    {"idle_cycles", spent.engines[e].idle_cycles},
                                    {"energy_j", use.engines[e].total()}};
  }
  card["engines"] = engines;
  std::uint64_t read = 0, written = 0;
  for (const MemoryBytes& m : spent.memories) {
    read += m.read;
    written += m.written;
  }
  card["read_bytes"] = read;
  card["write_bytes"] = written;
  card["energy_j"] = use.accelerator().total();
  card["dram_j"] = info.energy.dram.known ? Json(use.dram_j()) : Json();
  return card;
}

/// Sums over the cards; null where one of them is not known.
Json all_cards_json(const Json& by_card, std::uint64_t samples) {
  double accelerators = 0, memories = 0;
  bool known = true;
  for (const Json& card : by_card) {
    if (card.is_null()) return nullptr;
    accelerators += card["energy_j"].get<double>();
    known = known && !card["dram_j"].is_null();
    if (known) memories += card["dram_j"].get<double>();
  }
  const double count = std::max<double>(1, static_cast<double>(samples));
  return {{"samples", samples},
          {"energy_j", accelerators},
          {"per_sample_j", accelerators / count},
          {"dram_j", known ? Json(memories) : Json()},
          {"dram_per_sample_j", known ? Json(memories / count) : Json()}};
}

Json meeting_json(const MeetingRecord& m) {
  Json arrivals = Json::array();
  for (const std::uint64_t ps : m.arrivals_ps)
    arrivals.push_back(static_cast<double>(ps) * kSecond);
  return {{"arrival_seconds", arrivals},
          {"begin_seconds", static_cast<double>(m.begin_ps) * kSecond},
          {"link_seconds", static_cast<double>(m.link_ps) * kSecond},
          {"memory_seconds", static_cast<double>(m.memory_ps) * kSecond}};
}

/// Of cards that train together. Engines, layers, memory and energy elsewhere are those of card 0.
Json cluster_json(const RunInfo& info, const RunRecord& r) {
  const ClusterRecord& c = *r.cluster;
  Json waits = Json::array(), by_card = Json::array(), last = Json::array();
  for (const std::uint64_t ps : c.wait_ps) waits.push_back(static_cast<double>(ps) * kSecond);
  for (std::size_t card = 0; card < c.wait_ps.size(); ++card) {
    by_card.push_back(card_json(info, r.trained(card)));
  }
  for (const MeetingRecord& m : c.last) last.push_back(meeting_json(m));
  return {{"cards", c.cards},
          {"replicas", info.config["training"]["replicas"]},
          {"meetings", c.meetings},
          {"link_seconds", static_cast<double>(c.link_ps) * kSecond},
          {"memory_seconds", static_cast<double>(c.memory_ps) * kSecond},
          {"sent_bytes", c.sent_bytes},
          {"memory_bytes", c.memory_bytes},
          {"wait_seconds", waits},
          {"all_cards", all_cards_json(by_card, r.samples_of_all())},
          {"by_card", by_card},
          {"last_meetings", last}};
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

Json noc_json(const NocRecord& noc) {
  Json links = Json::array();
  for (const NocRecord::Link& l : noc.links) {
    links.push_back({{"router", l.router},
                     {"port", l.port},
                     {"flits", l.flits},
                     {"utilisation", l.utilisation}});
  }
  return {{"columns", noc.columns},
          {"rows", noc.rows},
          {"cores", noc.cores},
          {"packets", noc.packets},
          {"flits", noc.flits},
          {"flit_hops", noc.flit_hops},
          {"max_link_utilisation", noc.highest_utilisation()},
          {"latency_cycles", {{"mean", noc.mean_latency_cycles}, {"p99", noc.p99_latency_cycles}}},
          {"links", links}};
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
  if (!r.weights.empty()) s["result"] = result_json(r, info);
  if (r.inference) s["inference"] = inference_json(*r.inference, info, r);
  if (r.interrupted) s["interrupted"] = true;
  if (!r.checkpoint.empty()) s["checkpoint"] = r.checkpoint;
  if (r.cluster) s["cluster"] = cluster_json(info, r);
  s["time"] = time_json(info, r);
  s["engines"] = engines_json(info, r);
  s["layers"] = Json::array();
  for (const auto& [key, cost] : r.layers) s["layers"].push_back(layer_json(cost, info));
  s["memory"] = memory_json(info, r);
  if (r.noc) s["noc"] = noc_json(*r.noc);
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

}  // namespace h2
