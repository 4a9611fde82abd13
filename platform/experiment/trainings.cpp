// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/trainings.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::string file_name(const LongTraining& training) { return std::string(training.name) + ".json"; }

}  // namespace

const std::vector<LongTraining>& long_trainings() {
  static const std::vector<LongTraining> all{
      {"mnist_small",
       "MNIST, 7,000 images, small convolutional network (configs/mnist_best.yaml)",
       {"mnist_best.yaml", {{"training.test_every_epoch", "true"}}, "train"}},
      {"nmnist_small",
       "N-MNIST, 900 recordings, small convolutional network (configs/nmnist_small.yaml)",
       {"nmnist_small.yaml", {{"training.test_every_epoch", "true"}}, "train"}},
      {"mnist_deep",
       "MNIST, 32 images, network of Table VI (configs/mnist_deep.yaml)",
       {"mnist_deep.yaml",
        {{"dataset.train_limit", "32"}, {"dataset.test_limit", "20"}, {"training.epochs", "2"}},
        "train"}}};
  return all;
}

Json training_json(const LongTraining& training, const RunOutcome& outcome) {
  const Json& s = outcome.summary;
  const Json& dataset = s["config"]["dataset"];
  Json sets = Json::array();
  for (const Override& set : training.request.sets) sets.push_back(set.path + "=" + set.value);
  const Json& epochs = s["result"]["epochs"];
  const double trained =
      s["time"]["sub_batches"].get<double>() * s["config"]["training"]["sub_batch"].get<double>();
  const auto tests = std::count_if(epochs.begin(), epochs.end(),
                                   [](const Json& e) { return e.contains("test_accuracy"); });
  return {{"schema", 1},
          {"name", training.name},
          {"command", "h2vp experiment table3 --long"},
          {"config", training.request.config},
          {"sets", sets},
          {"version", s["version"]},
          {"data", dataset["kind"]},
          {"samples", std::lround(trained / static_cast<double>(epochs.size()))},
          {"test_samples", std::lround(s["time"]["evaluation"]["samples"].get<double>() /
                                       static_cast<double>(tests))},
          {"test_accuracy", s["result"]["test_accuracy"]},
          {"weights_sha256", s["result"]["weights_sha256"]},
          {"processor_seconds", s["wall"]["processor_seconds"]},
          {"epochs", epochs}};
}

std::optional<Json> measured(const LongTraining& training, const RunAll& runs) {
  if (runs.train_long) {
    const RunOutcome outcome = runs({training.request}).front();
    const Json json = training_json(training, outcome);
    fs::create_directories(runs.out / "measured");
    write_result((runs.out / "measured" / file_name(training)).string(), json.dump(1) + "\n");
    return json;
  }
  const fs::path path = runs.measured / file_name(training);
  std::ifstream in(path);
  if (!in) return std::nullopt;
  Json json = Json::parse(in, nullptr, false);
  if (!json.is_object() || !json.contains("epochs") || !json.contains("name") ||
      !json["name"].is_string() || json["name"] != training.name) {
    throw InputError(path.string() + ": is not what h2vp experiment table3 --long writes");
  }
  return json;
}

std::optional<double> density_of(const Json& epoch, const std::string& layer, const char* tensor) {
  if (!epoch.contains("densities") || !epoch["densities"].contains(layer)) return std::nullopt;
  const Json& densities = epoch["densities"][layer];
  if (!densities.contains(tensor)) return std::nullopt;
  return densities[tensor].get<double>();
}

}  // namespace h2
