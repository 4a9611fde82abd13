// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/tensor/npy.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/summary_run.h"
#include "platform/data/weights.h"
#include "platform/host/inference.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

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

/// `out/<configuration>-infer`: the folder of the training keeps its results.
fs::path output_folder(CommandLine line, const Config& config) {
  if (line.out.empty()) line.out = (fs::path("out") / (config.name + "-infer")).string();
  return make_output_folder(line, config);
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

void infer_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  add("weights", boost::program_options::value<std::string>(),
      "<layer>.w.npy of every layer in this folder");
}

int run_infer(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  require_trainable(config);
  require_tiles_fit(config);
  if (config.sata.ann) {
    throw InputError("sata.ann: true; legal for h2vp infer, which counts spikes: false");
  }
  if (!line.has("weights"))
    throw InputError("--weights: missing; legal: a folder of <layer>.w.npy");
  const auto begin = std::chrono::steady_clock::now();
  const Interrupt interrupt;
  const auto weights_folder = line.get<std::string>("weights");
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network);
  WallClock wall;
  const fs::path out = output_folder(line, config);
  require_elsewhere(weights_folder, out);
  const ResultFolder folder(line, out);
  const std::unique_ptr<Trace> trace = make_trace(line, config, folder.path());
  RunRecord record;
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  Inference inference(config, data.test, load_weights(weights_folder, config.network), platform,
                      record);
  wall.input_seconds = processor_seconds();
  Progress progress(line.quiet, config.machine.clock_mhz);
  inference.on_progress = [&](const Training::Status& s) { progress.show(s, platform.cycle()); };
  inference.stop = Interrupt::requested;
  platform.host.program = [&](HostCpu& host) { inference(host); };
  return run_to_summary({line, config, folder, platform, *trace, progress, record, begin}, wall,
                        [&] {
                          write_predictions(folder.path(), *record.inference);
                          if (!line.quiet) print_classes(*record.inference);
                        });
}

}  // namespace

const Subcommand kInferCommand{
    "infer", "classify the test samples with given weights; writes predictions and summary.json",
    run_infer, infer_options};

}  // namespace h2
