// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/spinaps_run.h"

#include <chrono>
#include <functional>
#include <memory>

#include "modules/base/error.h"
#include "modules/tensor/npy.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/predictions.h"
#include "platform/cli/summary_run.h"
#include "platform/data/glm_files.h"
#include "platform/host/spinaps_inference.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

LoadedData load_samples(const Config& config) {
  if (!config.has_network) {
    throw InputError("network.layers: no network given; legal for spinaps: <n>FC");
  }
  if (config.dataset.kind != "digits" && config.dataset.path.empty()) {
    throw InputError("dataset.path: none given; legal for dataset.kind " + config.dataset.kind +
                     ": the folder of the data");
  }
  LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                              config.training.seed);
  require_fits_spinaps(data, config);
  return data;
}

/// Class (-1: none), step and potential of every sample.
void write_decisions(const fs::path& folder, const std::vector<sa_result>& results) {
  std::vector<std::int32_t> rows;
  for (const sa_result& r : results) {
    rows.insert(rows.end(), {r.winner, static_cast<std::int32_t>(r.step), r.potential});
  }
  write_npy((folder / "decisions.npy").string(), NpyType::int32, {results.size(), 3}, rows.data());
}

/// What the card holds, for the checksum of the results.
std::vector<std::uint8_t> programmed_bytes(const GlmNetwork& network) {
  std::vector<std::uint8_t> bytes(network.weights.begin(), network.weights.end());
  for (const std::int32_t bias : network.biases) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(bias) >> shift));
    }
  }
  return bytes;
}

struct SpinRun {
  const CommandLine& line;
  const Config& config;
  const ResultFolder& folder;
  Progress& progress;
  RunRecord& record;
  Clock::time_point begin;
  WallClock wall;
};

/// `save` is called with the other files of the results.
int classify(const SpinRun& run, const GlmParameters<float>& parameters, const Dataset& samples,
             const std::function<void()>& save) {
  const GlmNetwork network = quantise(parameters, run.config.spinaps.weight_bits);
  const std::unique_ptr<Trace> trace = make_trace(run.line, run.config, run.folder.path());
  Platform::Options options;
  options.threads = run.line.threads;
  Platform platform("top", run.config, options, *trace);
  SpinInference inference(run.config, network, samples, platform, run.record);
  inference.on_progress = [&](const Training::Status& s) {
    run.progress.show(s, platform.cycle());
  };
  inference.stop = Interrupt::requested;
  platform.host.program = [&](HostCpu& host) { inference(host); };
  return run_to_summary(
      {run.line, run.config, run.folder, platform, *trace, run.progress, run.record, run.begin},
      run.wall, [&] {
        write_predictions(run.folder.path(), *run.record.inference);
        write_decisions(run.folder.path(), inference.results);
        save();
        if (!run.line.quiet) print_classes(*run.record.inference);
      });
}

}  // namespace

int train_spinaps(const CommandLine& line, const Config& config) {
  const auto begin = Clock::now();
  for (const char* option :
       {"weights", "resume", "golden", "golden-units", "dump-tensors", "record"}) {
    if (!line.has(option)) continue;
    throw InputError(
        std::string("--") + option +
        ": accelerator spinaps is trained on the host, from the start; legal: without");
  }
  if (config.training.checkpoint.every != 0) {
    throw InputError(
        "training.checkpoint.every: accelerator spinaps is trained on the host; legal: 0");
  }
  const Interrupt interrupt;
  const LoadedData data = load_samples(config);
  const ResultFolder folder(line, make_output_folder(line, config));
  Progress progress(line.quiet, config.machine.clock_mhz);
  RunRecord record;
  SpinTraining training{config, data.train};
  if (data.validation.size() > 0) training.validation = &data.validation;
  training.on_progress = [&](const Training::Status& s) { progress.show(s, 0); };
  training.stop = Interrupt::requested;
  const GlmParameters<float> parameters = training(record);
  record.weights = {programmed_bytes(quantise(parameters, config.spinaps.weight_bits))};
  SpinRun run{line, config, folder, progress, record, begin, {}};
  run.wall.input_seconds = processor_seconds();
  return classify(run, parameters, data.test,
                  [&] { save_glm((folder.path() / "weights").string(), parameters); });
}

int infer_spinaps(const CommandLine& line, const Config& config) {
  const auto begin = Clock::now();
  if (!line.has("weights")) {
    throw InputError("--weights: missing; legal: a folder of fc1.w.npy and fc1.b.npy");
  }
  const Interrupt interrupt;
  const LoadedData data = load_samples(config);
  GlmParameters<float> parameters = start_parameters(config);
  load_glm(line.get<std::string>("weights"), parameters);
  CommandLine own = line;
  if (own.out.empty()) own.out = (fs::path("out") / (config.name + "-infer")).string();
  const fs::path out = make_output_folder(own, config);
  require_elsewhere(line.get<std::string>("weights"), out);
  const ResultFolder folder(line, out);
  Progress progress(line.quiet, config.machine.clock_mhz);
  RunRecord record;
  SpinRun run{line, config, folder, progress, record, begin, {}};
  run.wall.input_seconds = processor_seconds();
  return classify(run, parameters, data.test, [] {});
}

}  // namespace h2
