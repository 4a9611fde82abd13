// SPDX-License-Identifier: Apache-2.0
// Trains a few samples on the platform from a program of one's own and prints what every layer
// cost.

#include <cstdio>
#include <exception>
#include <systemc>
#include <vector>

#include "modules/h2learn/engines.h"
#include "platform/config/load.h"
#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/training.h"
#include "platform/platform.h"

namespace {

h2::RunRecord simulate(const h2::Config& config) {
  const h2::LoadedData data = h2::load_data(config.dataset, config.network.input,
                                            config.network.timesteps, config.training.seed);
  std::vector<std::vector<float>> weights;
  for (const h2::Layer& layer : config.network.layers) {
    weights.push_back(h2::initial_weights(layer, config.training.init_gain, config.training.seed,
                                          static_cast<int>(weights.size())));
  }
  h2::Trace no_waveform;
  h2::Platform platform("top", config, h2::Platform::Options{}, no_waveform);
  h2::RunRecord record;
  h2::Training training(config, data, weights, platform, record);
  platform.host.program = [&](h2::HostCpu& host) { training(host); };
  platform.run();
  return record;
}

}  // namespace

int sc_main(int, char**) try {
  const h2::Config config =
      h2::load_config(CONFIG_DIR "/quickstart.yaml", {{"training.epochs", "1"},
                                                      {"dataset.train_limit", "64"},
                                                      {"dataset.test_limit", "16"},
                                                      {"trace.vcd.enable", "false"}});
  const h2::RunRecord record = simulate(config);
  std::printf("%-8s %-14s %10s %10s\n", "layer", "engine", "cycles", "compute");
  const std::vector<h2::EngineInfo> engines = h2::h2learn_engines(config.machine, false);
  for (const auto& [key, cost] : record.layers) {
    const h2::EngineInfo& engine = engines[static_cast<std::size_t>(cost.engine)];
    std::printf("%-8s %-14s %10llu %10llu\n", cost.last.layer.c_str(), engine.key.c_str(),
                static_cast<unsigned long long>(cost.last.cycles),
                static_cast<unsigned long long>(cost.last.compute_cycles));
  }
  std::printf("%llu samples, loss %.4f -> %.4f\n", static_cast<unsigned long long>(record.samples),
              record.loss.front(), record.loss.back());
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "embed: %s\n", e.what());
  return 1;
}
