// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "platform/experiment/experiment.h"

namespace h2 {

/// A training that takes minutes to hours: `h2vp experiment table3 --long` runs it, and what it
/// came to is kept as `measured/<name>.json` beside the configurations.
struct LongTraining {
  const char *name, *title;
  RunRequest request;
};
const std::vector<LongTraining>& long_trainings();

/// What a training came to: `command`, `version`, `samples` of a pass, `test_samples`,
/// `test_accuracy`, `epochs` as in summary.json's `result`.
nlohmann::ordered_json training_json(const LongTraining& training, const RunOutcome& outcome);

/// Measured now with `runs.train_long`, which also writes the file into the output folder; else
/// read from the file. Nothing where there is none. Throws InputError for a damaged file.
std::optional<nlohmann::ordered_json> measured(const LongTraining& training, const RunAll& runs);

/// Share of non-zeros in a pass: `tensor` is "spikes", "mask" or "gradient". Nothing where it was
/// not counted.
std::optional<double> density_of(const nlohmann::ordered_json& epoch, const std::string& layer,
                                 const char* tensor);

}  // namespace h2
