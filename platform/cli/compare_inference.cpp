// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/compare_inference.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "modules/base/error.h"
#include "platform/host/spinal_network.h"

namespace h2 {
namespace {

/// Throws InputError for the first key of `network` that is not the same on both.
void require_same_network(const ComparedRun& a, const Config& config_a, const ComparedRun& b,
                          const Config& config_b) {
  const nlohmann::json left = config_json(config_a), right = config_json(config_b);
  for (const auto& [key, value] : left["network"].items()) {
    const nlohmann::json& other = right["network"][key];
    if (value == other) continue;
    throw InputError("network." + key + " is " + value.dump() + " on " + a.name + " and " +
                     other.dump() + " on " + b.name + "; legal: one network (--set network." + key +
                     "=... for all)");
  }
}

bool infers_only(const Config& config) { return config.accelerator == AcceleratorKind::spinalflow; }

}  // namespace

std::string compared_command(const CommandLine& line, const std::vector<ComparedRun>& machines) {
  bool infers = line.has("weights");
  const Config first = load_config(machines.front().config.string(), line.sets);
  for (const ComparedRun& machine : machines) {
    const Config config = load_config(machine.config.string(), line.sets);
    require_same_network(machines.front(), first, machine, config);
    if (!infers_only(config)) continue;
    infers = true;
    if (line.has("profile")) {
      throw InputError("--profile times trainings, and " + machine.name +
                       " infers only; legal: without it");
    }
    require_spikes(config);
  }
  if (infers && line.has("profile")) {
    throw InputError("--weights: a profile needs none; legal: without --profile");
  }
  return line.has("profile") ? "profile" : infers ? "infer" : "train";
}

std::string compared_weights(const CommandLine& line, const std::filesystem::path& out,
                             const std::function<int(const CommandLine&)>& run, int& code) {
  if (line.has("weights")) return line.get<std::string>("weights");
  if (infers_only(load_config(line.config, line.sets))) {
    throw InputError("--weights: missing; " + line.config +
                     " is for an accelerator that infers only");
  }
  CommandLine training = line;
  training.command = "train";
  training.text = "train " + std::filesystem::path(line.config).filename().string();
  training.out = (out / "training").string();
  training.quiet = true;
  if (!line.quiet) std::cout << "training ..." << std::endl;
  code = run(training);
  return code == 0 ? (out / "training" / "weights").string() : "";
}

void set_weights(CommandLine& line, const std::string& folder) {
  line.values.erase("weights");
  line.values.insert(
      {"weights", boost::program_options::variable_value(boost::any(folder), false)});
}

}  // namespace h2
