// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/predictions.h"

#include <cstdio>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/tensor/npy.h"

namespace h2 {

namespace fs = std::filesystem;

namespace {

/// A table with a row for every class and a column for every neuron of the last layer.
template <class Cell>
std::string class_table(const InferenceRecord& r, const Cell& cell) {
  std::ostringstream out;
  out << "class";
  for (std::size_t k = 0; k < r.confusion.size(); ++k) out << ',' << k;
  out << '\n';
  for (std::size_t label = 0; label < r.confusion.size(); ++label) {
    out << label;
    for (std::size_t k = 0; k < r.confusion.size(); ++k) out << ',' << cell(label, k);
    out << '\n';
  }
  return out.str();
}

}  // namespace

void write_predictions(const fs::path& folder, const InferenceRecord& r) {
  const std::vector<std::int32_t> predicted(r.predicted.begin(), r.predicted.end());
  write_npy((folder / "predictions.npy").string(), NpyType::int32, {predicted.size()},
            predicted.data());
  write_result(
      (folder / "confusion.csv").string(),
      class_table(r, [&](std::size_t label, std::size_t k) { return r.confusion[label][k]; }));
  write_result(
      (folder / "spikes.csv").string(),
      class_table(r, [&](std::size_t label, std::size_t k) { return r.mean_spikes(label, k); }));
}

void require_elsewhere(const std::string& weights, const fs::path& out) {
  std::error_code error;
  if (!fs::equivalent(weights, out / "weights", error)) return;
  throw InputError("--out " + out.string() +
                   ": holds the weights that are to be read, and its results would be removed; "
                   "legal: another folder");
}

void print_classes(const InferenceRecord& r) {
  std::printf("%-6s %8s %8s %9s %22s\n", "class", "samples", "correct", "accuracy",
              "spikes: own neuron, others");
  for (std::size_t label = 0; label < r.confusion.size(); ++label) {
    const std::uint64_t samples = r.samples(label);
    if (samples == 0) continue;
    double others = 0;
    for (std::size_t k = 0; k < r.confusion.size(); ++k)
      if (k != label) others += r.mean_spikes(label, k);
    const auto correct = r.confusion[label][label];
    std::printf("%-6zu %8llu %8llu %7.2f %% %10.2f %11.2f\n", label,
                static_cast<unsigned long long>(samples), static_cast<unsigned long long>(correct),
                100.0 * static_cast<double>(correct) / static_cast<double>(samples),
                r.mean_spikes(label, label),
                r.confusion.size() > 1 ? others / static_cast<double>(r.confusion.size() - 1) : 0);
  }
}

}  // namespace h2
