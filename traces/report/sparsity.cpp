// SPDX-License-Identifier: Apache-2.0
#include "traces/report/sparsity.h"

#include <array>
#include <string>
#include <vector>

#include "traces/report/machine_peaks.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

/// One pair of rows of Table III, in per cent, with the network (Table VI) it was measured on.
struct PaperNetwork {
  const char* name;
  const char* layers;
  std::array<int, 3> input;  // channels, height, width
  std::vector<double> output, input_sparsity;
};

const std::vector<PaperNetwork>& table_iii() {
  static const char* const kStatic =
      "64C3(Encoding)-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC";
  static const char* const kEvents = "128C3-128C3-AP2-384C3-384C3-AP2-512FC-512FC-10FC";
  static const char* const kLarge =
      "64C3S2(Encoding)-128C3S2-256C3S2-256C3S2-384C3-256C3-256C3S2-4096FC-4096FC-1000FC";
  static const std::vector<PaperNetwork> table{
      {"MNIST",
       kStatic,
       {1, 28, 28},
       {22.66, 85.99, 52.74, 74.74, 53.82},
       {99.18, 97.46, 98.76, 97.44, 97.93}},
      {"CIFAR10",
       kStatic,
       {3, 32, 32},
       {54.06, 83.22, 80.22, 82.75, 87.24},
       {91.41, 83.89, 89.92, 88.63, 84.39}},
      {"N-MNIST", kEvents, {2, 32, 32}, {59.89, 86.13, 92.95}, {97.24, 97.36, 99.26}},
      {"CIFAR10-DVS", kEvents, {2, 42, 42}, {62.93, 88.23, 82.07}, {87.69, 74.14, 95.77}},
      {"ImageNet",
       kLarge,
       {3, 224, 224},
       {17.97, 16.21, 14.65, 19.82, 16.65, 15.09},
       {94.95, 94.11, 92.94, 96.02, 94.38, 93.35}},
  };
  return table;
}

const PaperNetwork* paper_network(const Json& network) {
  const Json& input = network["input"];
  for (const PaperNetwork& p : table_iii()) {
    if (network["layers"] == p.layers && input["channels"] == p.input[0] &&
        input["height"] == p.input[1] && input["width"] == p.input[2]) {
      return &p;
    }
  }
  return nullptr;
}

/// Names of the layers in the order of the network.
std::vector<std::string> layer_names(const Json& summary) {
  std::vector<std::string> names;
  for (const Json& l : summary["layers"]) {
    if (pass_of(l) == "forward") names.push_back(l["name"]);
  }
  return names;
}

/// Adds 1 - density under `key` if `density` is a number.
void put(Json& row, const char* key, const Json& density) {
  if (density.is_number()) row[key] = 1.0 - density.get<double>();
}

/// A profile's density of one layer: a number for all, or a list. Null for training, whose masks
/// come from the data.
Json configured(const Json& summary, const char* key, std::size_t layer) {
  if (summary.contains("result")) return nullptr;
  const Json& config = summary["config"];
  if (!config.contains("profile") || !config["profile"].contains(key)) return nullptr;
  const Json& density = config["profile"][key];
  if (!density.is_array()) return density;
  return layer < density.size() ? density[layer] : Json();
}

Json measured(const Json& stats, const std::string& layer, const char* name) {
  if (stats.is_null()) return nullptr;
  const auto item = stats["items"].find("layer." + layer + "." + name);
  return item != stats["items"].end() ? (*item)["value"] : Json();
}

void put_backward_work(Json& row, const Json& summary, const std::string& above) {
  for (const Json& l : summary["layers"]) {
    if (pass_of(l) != "backward" || l["name"] != above || l["macs"] <= 0) continue;
    row["backward_work"] = l["executed_macs"].get<double>() / l["macs"].get<double>();
  }
}

}  // namespace

Json sparsity(const ReportRun& run) {
  const PaperNetwork* paper = paper_network(run.summary["config"]["network"]);
  const std::vector<std::string> names = layer_names(run.summary);
  Json rows = Json::array();
  for (std::size_t l = 0; l < names.size(); ++l) {
    Json row{{"layer", names[l]}};
    if (paper != nullptr && l < paper->output.size()) {
      row["paper_output"] = paper->output[l] / 100;
      row["paper_input"] = paper->input_sparsity[l] / 100;
    }
    put(row, "configured_output", configured(run.summary, "mask_density", l));
    put(row, "measured_output", measured(run.stats, names[l], "mask_density"));
    if (l + 1 < names.size()) {
      put(row, "configured_input", configured(run.summary, "gradient_density", l + 1));
      put(row, "measured_input", measured(run.stats, names[l + 1], "gradient_density"));
      put_backward_work(row, run.summary, names[l + 1]);
    }
    rows.push_back(row);
  }
  return {{"network", paper != nullptr ? Json(paper->name) : Json()}, {"layers", rows}};
}

}  // namespace h2
