// SPDX-License-Identifier: Apache-2.0
#include "traces/report/warnings.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>

#include "modules/base/error.h"
#include "modules/network/network_json.h"
#include "traces/report/machine_peaks.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kWaiting = 0.2;         // share of a layer's cycles
constexpr double kNoticeable = 0.01;     // share of the cycles per sub-batch
constexpr double kIdle = 0.5;            // share of the run
constexpr double kNearPeak = 0.8;        // share of a memory's bandwidth
constexpr double kBusy = 0.5;            // share of the run
constexpr double kFarBelowRoof = 0.25;   // share of an array's MACs in its busy cycles
constexpr double kLostGradients = 1e-3;  // share of all weight gradients of a layer
constexpr std::size_t kMostLayers = 5;   // the rest is counted

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", share * 100);
  return text;
}

/// 12345 as 12,345.
std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

Network network_of(const ReportRun& run) {
  const Json& n = run.summary["config"]["network"];
  const Json& input = n["input"];
  try {
    return build_network(network_text(n["layers"]),
                         {input["channels"], input["height"], input["width"]}, 1,
                         PoolMode::after_soma, NeuronSpec{});
  } catch (const InputError& e) {
    throw InputError(run.name + "/summary.json: config." + e.what());
  }
}

/// Runs of older versions list array jobs alone.
std::string kind_of(const Json& layer) { return layer.value("kind", "array"); }

/// "conv2 backward", "fc1 update".
std::string job_name(const Json& layer) {
  const std::string kind = kind_of(layer);
  return layer["name"].get<std::string>() + " " +
         (kind == "array" ? pass_name(pass_of(layer)) : kind);
}

std::string title_of(std::string memory) {
  memory[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(memory[0])));
  return memory;
}

/// The memory that moves most of the layer's bytes: in an optimiser step Mem2. Every sub-batch
/// reads and writes the sum of weight gradients, 2 bytes each way per weight, in Mem2.
std::string bottleneck(const ReportRun& run, const Network& network, const Json& layer) {
  const std::string engine = layer["engine"];
  const Json& memories = run.summary["engines"][engine]["memories"];
  if (memories.size() < 2) return memories_of(run, engine);
  const std::string kind = kind_of(layer);
  if (kind == "update") return title_of(memories.back());
  if (kind == "grad") return memories_of(run, engine);
  for (const Layer& l : network.layers) {
    if (l.name != layer["name"]) continue;
    const double sums = 4.0 * static_cast<double>(l.weight_count());
    if (sums <= layer["bytes"].get<double>() / 2) return memories_of(run, "forward");
    return title_of(memories.back());
  }
  return memories_of(run, engine);
}

std::uint64_t waiting_cycles(const Json& layer) {
  const std::uint64_t all = layer["cycles"], compute = layer["compute_cycles"];
  return all > compute ? all - compute : 0;
}

void add_layers(const ReportRun& run, std::vector<std::string>& texts) {
  const double noticeable = kNoticeable * run.summary["time"]["cycles_per_sub_batch"].get<double>();
  std::vector<Json> slow;
  for (const Json& l : run.summary["layers"]) {
    const auto waiting = static_cast<double>(waiting_cycles(l));
    if (l["bound_by"] == "memory" && waiting >= kWaiting * l["cycles"].get<double>() &&
        waiting >= noticeable && waiting > 0) {
      slow.push_back(l);
    }
  }
  std::stable_sort(slow.begin(), slow.end(), [](const Json& a, const Json& b) {
    return waiting_cycles(a) > waiting_cycles(b);
  });
  const Network network = network_of(run);
  for (std::size_t i = 0; i < std::min(slow.size(), kMostLayers); ++i) {
    const Json& l = slow[i];
    const std::string memory = bottleneck(run, network, l);
    const char* verb = memory.find(" and ") == std::string::npos ? " is" : " are";
    const auto share = static_cast<double>(waiting_cycles(l)) / l["cycles"].get<double>();
    texts.push_back(memory + verb + " the bottleneck in " + job_name(l) +
                    ": the array waits for memory for " + percent(share) + " of its " +
                    grouped(l["cycles"]) + " cycles.");
  }
  if (slow.size() > kMostLayers) {
    texts.push_back(std::to_string(slow.size() - kMostLayers) +
                    " more layers wait for memory for " + percent(kWaiting) +
                    " of their time or longer.");
  }
}

void add_engines(const Json& summary, std::vector<std::string>& texts) {
  const double cycles = summary["time"]["cycles"];
  for (const auto& [key, e] : summary["engines"].items()) {
    const double idle = cycles > 0 ? e["idle_cycles"].get<double>() / cycles : 0;
    if (idle <= kIdle) continue;
    texts.push_back("The " + e["title"].get<std::string>() + " has no job for " + percent(idle) +
                    " of the time.");
  }
}

void add_memories(const Json& summary, std::vector<std::string>& texts) {
  for (const auto& [name, m] : summary["memory"].items()) {
    const double peak = m["peak_gbps"];
    const double share = peak > 0 ? m["bandwidth_gbps"].get<double>() / peak : 0;
    if (share < kNearPeak) continue;
    texts.push_back(name + " runs at " + percent(share) + " of its peak bandwidth on average.");
  }
}

/// Value of a statistic, 0 where the run has none of this name.
double statistic(const ReportRun& run, const std::string& path) {
  if (run.stats.is_null()) return 0;
  const auto item = run.stats["items"].find(path);
  return item == run.stats["items"].end() ? 0 : (*item)["value"].get<double>();
}

/// What most of the cycles of an engine go into while its array works.
std::string largest_loss(const ReportRun& run, const std::string& engine) {
  const std::pair<const char*, const char*> losses[] = {
      {"lut_fill_cycles", "the fill of look-up tables, filters or the PE pipeline"},
      {"drain_cycles", "Soma or Grad, which are slower than the array"},
      {"sync_loss_cycles", "idle PEs: unused rows and columns, or waiting for the slowest PE"}};
  double most = 0;
  std::string text;
  for (const auto& [item, name] : losses) {
    double cycles = 0;
    for (const Json& l : run.summary["layers"]) {
      if (l["engine"] != engine) continue;
      cycles +=
          statistic(run, "layer." + l["name"].get<std::string>() + "." + pass_of(l) + "." + item);
    }
    if (cycles > most) text = name;
    most = std::max(most, cycles);
  }
  return text.empty() ? "." : "; most of the rest goes into " + text + ".";
}

/// Arrays that are busy and yet far below their roof.
void add_busy_arrays(const ReportRun& run, std::vector<std::string>& texts) {
  const double cycles = run.summary["time"]["cycles"];
  for (const auto& [key, e] : run.summary["engines"].items()) {
    const double busy = e["busy_cycles"];
    double done = 0;
    for (const Json& l : run.summary["layers"]) {
      if (l["engine"] == key) done += l.value("executed_macs_total", 0.0);
    }
    const double most = busy * e["peak_ops_per_cycle"].get<double>();
    if (most <= 0 || busy < kBusy * cycles || done <= 0 || done > kFarBelowRoof * most) continue;
    texts.push_back("The array of the " + e["title"].get<std::string>() + " is busy for " +
                    percent(busy / cycles) + " of the time and does " + percent(done / most) +
                    " of what it could in this time" + largest_loss(run, key));
  }
}

/// Whether the run itself has looked for what does not learn: runs of older versions have not.
bool judged_learning(const Json& summary) {
  for (const Json& w : summary.value("warnings", Json::array())) {
    if (w.value("kind", "") == "learning") return true;
  }
  return false;
}

/// Layers whose neurons have not fired once.
void add_silent_layers(const ReportRun& run, std::vector<std::string>& texts) {
  if (judged_learning(run.summary)) return;
  if (run.stats.is_null() || !run.summary.contains("result")) return;
  std::string above;
  for (const Json& l : run.summary["layers"]) {
    if (pass_of(l) != "forward" || kind_of(l) != "array") continue;
    const std::string name = l["name"];
    const std::string path = "layer." + name + ".spike_density";
    if (run.stats["items"].contains(path) && statistic(run, path) == 0) {
      texts.push_back((above.empty() ? "No layer fires" : "No layer after " + above + " fires") +
                      ": raise training.init_gain or lower neuron.th_f.");
      return;
    }
    above = name;
  }
}

/// Gradients that one job of a pass computes: of the weights, or of the values that the layer
/// takes.
double gradients_of_a_job(const ReportRun& run, const Layer& layer, const std::string& pass) {
  if (pass == "weight_update") return static_cast<double>(layer.weight_count());
  const Json& config = run.summary["config"];
  return static_cast<double>(layer.cin) * layer.in_h * layer.in_w *
         config["network"].value("timesteps", 1.0) * config["training"]["sub_batch"].get<double>();
}

/// Gradients that FP16 cannot hold, where they are a noticeable part.
void add_lost_gradients(const ReportRun& run, std::vector<std::string>& texts) {
  const Network network = network_of(run);
  for (const Json& l : run.summary["layers"]) {
    const std::uint64_t lost = l.value("underflows_total", std::uint64_t{0});
    const std::string name = l["name"], pass = pass_of(l);
    if (lost == 0 || pass == "forward" || kind_of(l) != "array") continue;
    const double jobs = statistic(run, "layer." + name + "." + pass + ".jobs");
    for (const Layer& layer : network.layers) {
      if (layer.name != name) continue;
      const double all = jobs * gradients_of_a_job(run, layer, pass);
      if (static_cast<double>(lost) < kLostGradients * all) continue;
      texts.push_back(grouped(lost) + " gradients of " + name + " " + pass_name(pass) +
                      " were rounded to zero: raise training.loss_scale.");
    }
  }
}

void add_numbers(const Json& summary, std::vector<std::string>& texts) {
  for (const Json& l : summary["layers"]) {
    const std::uint64_t overflows = l.value("overflows_total", std::uint64_t{0});
    if (overflows == 0) continue;
    texts.push_back(grouped(overflows) + " values of " + job_name(l) +
                    " exceeded FP16: lower training.loss_scale or training.learning_rate.");
  }
}

void add_result(const Json& summary, std::vector<std::string>& texts) {
  if (summary.contains("result")) {
    const Json& loss = summary["result"]["loss"];
    if (loss.size() > 1 && loss.back() >= loss.front()) {
      texts.push_back("The loss did not fall: the last batch group is not below the first.");
    }
  }
  const std::uint64_t group = summary["config"]["training"]["batch_group"];
  const std::uint64_t trained = summary["time"]["sub_batches"];
  if (trained < 2 * group) {
    texts.push_back("Only " + grouped(trained) + " sub-batches in groups of " + grouped(group) +
                    ": cycles per sub-batch include the start, there is no steady state yet.");
  }
}

}  // namespace

std::vector<std::string> warnings(const ReportRun& run) {
  std::vector<std::string> texts;
  for (const Json& w : run.summary.value("warnings", Json::array())) texts.push_back(w["text"]);
  add_layers(run, texts);
  add_engines(run.summary, texts);
  add_busy_arrays(run, texts);
  add_memories(run.summary, texts);
  add_numbers(run.summary, texts);
  add_lost_gradients(run, texts);
  add_silent_layers(run, texts);
  add_result(run.summary, texts);
  return texts;
}

}  // namespace h2
