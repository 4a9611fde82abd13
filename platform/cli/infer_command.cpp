// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "modules/base/error.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"
#include "platform/cli/interrupt.h"
#include "platform/cli/outputs.h"
#include "platform/cli/predictions.h"
#include "platform/cli/spinaps_run.h"
#include "platform/cli/summary_run.h"
#include "platform/data/weights.h"
#include "platform/host/inference.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

/// `out/<configuration>-infer`: the folder of the training keeps its results.
fs::path output_folder(CommandLine line, const Config& config) {
  if (line.out.empty()) line.out = (fs::path("out") / (config.name + "-infer")).string();
  return make_output_folder(line, config);
}

void infer_options(boost::program_options::options_description_easy_init add) {
  add_trace_options(add);
  add("weights", boost::program_options::value<std::string>(),
      "<layer>.w.npy of every layer in this folder");
}

int run_infer(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  if (config.accelerator == AcceleratorKind::spinaps) return infer_spinaps(line, config);
  if (!line.has("weights"))
    throw InputError("--weights: missing; legal: a folder of <layer>.w.npy");
  if (config.accelerator == AcceleratorKind::spinalflow) return kInferSpikesCommand.run(line);
  require_trainable(config);
  require_tiles_fit(config);
  if (config.sata.ann) {
    throw InputError("sata.ann: true; legal for h2vp infer, which counts spikes: false");
  }
  const auto begin = std::chrono::steady_clock::now();
  const Interrupt interrupt;
  const auto weights_folder = line.get<std::string>("weights");
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network, config.dataset.coding);
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
