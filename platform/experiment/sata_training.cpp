// SPDX-License-Identifier: Apache-2.0
// SATA's gains from the counters of networks trained here.

#include "platform/experiment/sata_training.h"

#include <fstream>

#include "modules/base/error.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

Json items_of(const RunOutcome& outcome) {
  std::ifstream in(outcome.folder + "/stats.json");
  const Json stats = Json::parse(in, nullptr, false);
  if (!stats.is_object() || !stats.contains("items")) {
    throw RunError(outcome.folder + "/stats.json: no statistics");
  }
  return stats["items"];
}

double value_of(const Json& items, const std::string& path) {
  return items.contains(path) ? items[path]["value"].get<double>() : 0.0;
}

RunRequest training(const char* config, const char* samples) {
  return {config, {{"dataset.train_limit", samples}, {"trace.vcd.enable", "false"}}, "train"};
}

double accuracy(const RunOutcome& outcome) {
  return outcome.summary["result"]["test_accuracy"].get<double>();
}

/// Densities of every layer over the whole training.
TextTable density_table(const RunOutcome& outcome) {
  TextTable table{"Densities of the spiking network, over the whole training",
                  {"layer", "spikes", "open surrogate", "grad-u"},
                  {}};
  const Json items = items_of(outcome);
  for (const auto& l : outcome.summary["layers"]) {
    if (l["pass"] != "forward") continue;
    const std::string name = l["name"], path = "layer." + name + ".";
    std::vector<std::string> row{name};
    for (const char* what : {"spike_density", "mask_density", "gradient_density"}) {
      row.push_back(text_of("%.3f", value_of(items, path + what)));
    }
    table.rows.push_back(row);
  }
  return table;
}

}  // namespace

double SataCounters::compute(const SataCosts& costs, bool gated) const {
  const double all = gated ? 0.0 : 1.0;
  return (spike_macs + all * gated_spike_macs) * costs.spike_mac() +
         (value_macs + all * gated_value_macs) * costs.value_mac() + lif * costs.lif() +
         relu * (costs.add + costs.compare) +
         (gradients + all * gated_gradients) * costs.gradient_unit();
}

double SataCounters::memory(const SataCosts& costs) const {
  return dram * costs.dram + glb * costs.glb + pe * costs.pe;
}

SataCounters sata_counters(const RunOutcome& outcome) {
  const Json items = items_of(outcome);
  const auto event = [&](const char* name) {
    return value_of(items, std::string("engine.array.events.") + name);
  };
  SataCounters c;
  c.spike_macs = event("spike_macs");
  c.gated_spike_macs = event("gated_spike_macs");
  c.value_macs = event("value_macs");
  c.gated_value_macs = event("gated_value_macs");
  c.lif = event("lif_updates");
  c.relu = event("relu_updates");
  c.gradients = event("potential_gradients");
  c.gated_gradients = event("gated_potential_gradients");
  c.dram = event("words_published_dram");
  c.glb = event("words_published_glb");
  c.pe = event("words_published_pe");
  return c;
}

double sata_pass(const RunOutcome& outcome, const std::string& pass, const std::string& event) {
  double sum = 0;
  const Json items = items_of(outcome);
  for (const auto& [path, item] : items.items()) {
    const std::string end = "." + pass + ".events." + event;
    if (path.rfind("layer.", 0) == 0 && path.size() > end.size() &&
        path.compare(path.size() - end.size(), end.size(), end) == 0) {
      sum += item["value"].get<double>();
    }
  }
  return sum;
}

void add_sata_training(ExperimentResult& r, const RunAll& runs) {
  const std::vector<RunOutcome> outcomes =
      runs({training("sata_quickstart.yaml", "2000"), training("sata_ann.yaml", "2000")});
  const SataCosts costs;
  const SataCounters spiking = sata_counters(outcomes[0]), relu = sata_counters(outcomes[1]);
  const double on = spiking.compute(costs, true), off = spiking.compute(costs, false);
  const double macs = spiking.value_macs + spiking.gated_value_macs;
  const std::string accuracies = text_of("test accuracy %.1f %%, ", 100 * accuracy(outcomes[0]));
  r.claims.push_back(claim("computation, gates off to on, network trained here", 5.58, "%.2f",
                           off / on, off / on >= 5.58 ? Evidence::mechanism : Evidence::refuted,
                           accuracies + "counters of the run; another network, T = 4, pixels as "
                                        "eight bit planes"));
  r.claims.push_back({"density of grad-u in products of backward passes, trained here",
                      "not published", text_of("%.3f", spiking.value_macs / macs), std::nullopt,
                      Evidence::mechanism, "the fit above takes 0.2"});
  const double dense = relu.compute(costs, false) + relu.memory(costs);
  r.claims.push_back({"spiking to ReLU, gates on, trained here", "1.27, another network",
                      text_of("%.2f", (on + spiking.memory(costs)) / dense), std::nullopt,
                      Evidence::mechanism,
                      text_of("ReLU reaches %.1f %%; T = 4; ", 100 * accuracy(outcomes[1])) +
                          text_of("gates on for both %.2f",
                                  (on + spiking.memory(costs)) /
                                      (relu.compute(costs, true) + relu.memory(costs)))});
  r.claims.push_back({"the same, computation and memory", "not published",
                      text_of("%.2f, ", on / relu.compute(costs, false)) +
                          text_of("%.2f", spiking.memory(costs) / relu.memory(costs)),
                      std::nullopt, Evidence::mechanism,
                      "words as the tool counts them, weights read anew for every sample"});
  r.tables.push_back(density_table(outcomes[0]));
}

}  // namespace h2
