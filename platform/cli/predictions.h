// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "traces/results/run_record.h"

namespace h2 {

/// predictions.npy, confusion.csv and spikes.csv of an inference.
void write_predictions(const std::filesystem::path& folder, const InferenceRecord& r);
/// Samples, accuracy and spikes of each class.
void print_classes(const InferenceRecord& r);
/// Throws InputError if the output folder is that of the weights to be read.
void require_elsewhere(const std::string& weights, const std::filesystem::path& out);

}  // namespace h2
