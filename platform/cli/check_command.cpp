// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
#include "platform/accelerators.h"
#include "platform/cli/commands.h"
#include "platform/config/keys.h"
#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/estimate.h"
#include "platform/host/trial.h"
#include "platform/platform.h"
#include "traces/record/trace.h"

namespace h2 {
namespace {

std::string percent_of(const Density& d) {
  if (d.elements == 0) return "-";
  char text[16];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * d.share());
  return text;
}

void print_network(const Config& config, const LoadedData& data) {
  std::uint64_t weights = 0;
  for (const Layer& l : config.network.layers) weights += l.weight_count();
  std::printf("Network\n  %zu layers, %" PRIu64 " weights, T = %d, %s\n",
              config.network.layers.size(), weights, config.network.timesteps,
              config.machine.numerics == Numerics::fp16 ? "FP16" : "FP32");
  std::printf("Data\n  %s: %zu training and %zu test samples, labels up to %d\n",
              config.dataset.kind.c_str(), data.train.size(), data.test.size(),
              std::max(data.train.classes, data.test.classes) - 1);
}

void print_memories(const Config& config, const h2_device& device) {
  std::printf("Memories\n");
  for (int n = 0; n < memory_count(config); ++n) {
    const auto used = static_cast<double>(device.used[n]);
    std::printf("  mem%d %12.1f of %.1f MB\n", n, used / 1e6,
                static_cast<double>(config.memory.bytes) / 1e6);
  }
}

void print_layers(const Config& config, const TrialPass& pass) {
  std::printf("First sub-batch\n  %-8s %10s %10s %12s %12s %10s\n", "layer", "spikes", "open mask",
              "gradients", "lost to 0", "overflows");
  for (std::size_t l = 0; l < pass.layers.size(); ++l) {
    const TrialLayer& found = pass.layers[l];
    std::printf("  %-8s %10s %10s %12s %12" PRIu64 " %10" PRIu64 "\n",
                config.network.layers[l].name.c_str(), percent_of(found.densities.spikes).c_str(),
                percent_of(found.densities.mask).c_str(),
                percent_of(found.densities.gradient).c_str(), found.lost_gradients,
                found.overflows);
  }
}

void print_time(const Config& config, const h2_device& device, const LoadedData& data,
                const TrialPass& pass) {
  const double clock = config.machine.clock_mhz * 1e6;
  const double least = estimate_sub_batch(config, device).cycles_per_sub_batch(config);
  const auto sub_batches = static_cast<double>(
      ceil_div(data.train.size(), static_cast<std::size_t>(config.training.sub_batch)));
  std::printf(
      "Time\n  %" PRIu64
      " cycles = %.3f ms for this sub-batch alone; at least %.0f each in a batch group, its "
      "update included\n",
      pass.cycles, static_cast<double>(pass.cycles) / clock * 1e3, least);
  std::printf(
      "  an epoch of %.0f sub-batches: at least %.3f s simulated, about %.0f s on this "
      "computer\n",
      sub_batches, sub_batches * least / clock, sub_batches * pass.seconds);
}

/// One sentence for each thing that should be changed.
std::vector<std::string> advice(const Config& config, const Trial& trial) {
  std::vector<std::string> texts;
  const auto& layers = config.network.layers;
  if (const auto l = trial.first.rate_outside(Trial::kFewSpikes, Trial::kManySpikes)) {
    const Density& spikes = trial.first.layers[*l].densities.spikes;
    std::string text =
        layers[*l].name + (spikes.nonzeros == 0                 ? " does not fire"
                           : spikes.share() < Trial::kFewSpikes ? " hardly fires"
                                                                : " fires most of the time");
    text += trial.gain ? ": training.init_gain " +
                             shortest(decimal(config.training.init_gain * *trial.gain))
                       : std::string(
                             ": no training.init_gain near this one helps; change "
                             "neuron.th_f or the network");
    texts.push_back(text);
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerDensities& d = trial.first.layers[l].densities;
    if (d.mask.elements == 0 || d.mask.nonzeros != 0) continue;
    texts.push_back(layers[l].name +
                    " cannot learn: none of its potentials lies between "
                    "neuron.th_l and neuron.th_r");
  }
  const bool lost = trial.first.lost_share() > Trial::kLostGradients;
  if (trial.first.overflows() || lost) {
    std::string text =
        trial.first.overflows()
            ? "values exceed " +
                  std::string(config.machine.numerics == Numerics::fp16 ? "FP16" : "FP32")
            : "gradients are lost to zero";
    text += ": training.loss_scale " +
            (trial.loss_scale ? shortest(*trial.loss_scale) : std::string("dynamic"));
    texts.push_back(text);
  }
  return texts;
}

int run_check(const CommandLine& line) {
  const Config config = load_config(line.config, line.sets);
  require_trainable(config);
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  require_fits(data, config.network, config.dataset.coding);
  print_network(config, data);
  require_tiles_fit(config);
  std::printf("Global buffers\n%s", describe_buffers(config).c_str());
  const h2_device device = place_network(config);
  print_memories(config, device);
  Trace trace;  // nothing is written, whatever the configuration asks of a run
  Platform::Options options;
  options.threads = line.threads;
  Platform platform("top", config, options, trace);
  Trial trial(config, data.train,
              initial_weights(config.network, config.training.init_gain, config.training.seed),
              platform);
  platform.host.program = [&](HostCpu& host) { trial(host); };
  trace.start();
  platform.run();
  trace.close();
  print_layers(config, trial.first);
  print_time(config, device, data, trial.first);
  const std::vector<std::string> texts = advice(config, trial);
  std::printf("Advice\n");
  for (const std::string& text : texts) std::printf("  %s\n", text.c_str());
  if (texts.empty()) std::printf("  none: every layer fires, and its gradients can be stored\n");
  return 0;
}

}  // namespace

const Subcommand kCheckCommand{
    "check", "one sub-batch of a training: buffers, memories, spikes, gradients, time, advice",
    run_check};

}  // namespace h2
