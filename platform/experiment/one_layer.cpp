// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/one_layer.h"

#include <cmath>

namespace h2 {

RunRequest one_layer(const std::vector<Override>& sets) {
  RunRequest request{"h2learn.yaml",
                     {{"network.layers", "256C3-512C3"},
                      {"network.input.channels", "256"},
                      {"network.input.height", "14"},
                      {"network.input.width", "14"},
                      {"profile.mask_density", "0.25"},
                      {"profile.gradient_density", "0.25"},
                      {"training.batch_group", "1"},
                      {"profile.sub_batches", "1"},
                      {"pipeline.overlap", "false"}},
                     "profile"};
  request.sets.insert(request.sets.end(), sets.begin(), sets.end());
  return request;
}

nlohmann::ordered_json job_of(const RunOutcome& outcome, const std::string& engine) {
  if (!outcome.refused.empty()) return {};
  for (const auto& layer : outcome.summary["layers"]) {
    if (layer["name"] == "conv2" && layer["engine"] == engine && layer["kind"] == "array") {
      return layer;
    }
  }
  return {};
}

double cycles_of(const RunOutcome& outcome, const std::string& engine) {
  const auto job = job_of(outcome, engine);
  return job.is_null() ? std::nan("") : job["cycles"].get<double>();
}

}  // namespace h2
