#include <chrono>
#include <iostream>

#include "platform/cli/commands.h"
#include "platform/cli/dry_run.h"
#include "platform/cli/outputs.h"
#include "platform/cli/progress.h"
#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/training.h"
#include "platform/platform.h"
#include "traces/golden.h"
#include "traces/summary.h"

namespace h2 {
namespace {

std::vector<std::vector<float>> start_weights(const Config& config, const std::string& folder) {
  if (!folder.empty()) return load_weights(folder, config.network);
  std::vector<std::vector<float>> weights;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    weights.push_back(initial_weights(config.network.layers[l], config.training.init_gain,
                                      config.training.seed, static_cast<int>(l)));
  }
  return weights;
}

}  // namespace

int run_train(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  if (line.dry_run) return print_dry_run(config);
  require_trainable(config);
  const auto begin = std::chrono::steady_clock::now();
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  auto weights = start_weights(config, line.weights);
  const std::filesystem::path out = make_output_folder(line, config);
  const std::unique_ptr<Trace> trace = make_trace(config, out);

  RunRecord record;
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, *trace);
  Training training(config, data, std::move(weights), platform, record);
  Progress progress(line.quiet, config.machine.clock_mhz);
  training.on_progress = [&](const Training::Status& s) { progress.show(s, platform.cycle()); };
  std::unique_ptr<GoldenWriter> golden;
  if (!line.golden.empty()) {
    golden = std::make_unique<GoldenWriter>(config, line.golden, line.golden_sub_batches);
    training.on_labels = [&](const std::uint32_t* labels, std::size_t count) {
      golden->labels(labels, count);
    };
    platform.controller.on_descriptor = [&](const h2_descriptor& d, const JobContext& c) {
      golden->descriptor_ended(d, c, platform.host);
    };
  }
  platform.host.program = [&](HostCpu& host) { training(host); };
  trace->start();
  platform.run();
  trace->close();
  progress.finish();
  if (golden != nullptr) golden->close();

  WallClock wall;
  wall.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  wall.samples = record.samples + record.test_samples;
  finish_run(line, config, out, make_summary(config, record, platform, wall));
  return 0;
}

int run_config(const CommandLine& line) {
  if (line.schema) {
    std::cout << config_schema();
  } else {
    std::cout << print_config(load_config(line.config, line.sets));
  }
  return 0;
}

}  // namespace h2
