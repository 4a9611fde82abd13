// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "platform/data/dataset.h"
#include "platform/data/weights.h"
#include "platform/host/snapshot.h"
#include "traces/results/summary.h"

// The SystemC library asks for it; GoogleTest has the main program.
int sc_main(int, char**) { return 0; }

namespace h2 {
namespace {

void fail_on_report(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  if (report.get_severity() >= sc_core::SC_WARNING) {
    ADD_FAILURE() << "SystemC report " << report.get_msg_type() << ": " << report.get_msg();
  }
  if ((actions & sc_core::SC_THROW) != 0) throw report;
}

std::unique_ptr<Trace> make_trace(const Config& config, const std::string& path) {
  if (path.empty()) return std::make_unique<Trace>();
  return std::make_unique<Trace>(path, config.vcd, [] { return sc_core::sc_time_stamp().value(); });
}

}  // namespace

std::vector<std::vector<float>> start_weights(const Config& config) {
  std::vector<std::vector<float>> weights;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    weights.push_back(initial_weights(config.network.layers[l], config.training.init_gain,
                                      config.training.seed, static_cast<int>(l)));
  }
  return weights;
}

FreshContext::FreshContext() {
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO,
                                          sc_core::SC_DO_NOTHING);
  sc_core::sc_report_handler::set_handler(fail_on_report);
}

FreshContext::~FreshContext() {
  sc_core::sc_curr_simcontext = new sc_core::sc_simcontext;
  sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
}

Config tiny_config(const Sets& sets) {
  Sets all{{"network.layers", "8C3(Encoding)-AP2-16C3-AP2-32FC-10FC"},
           {"network.timesteps", "2"},
           {"training.sub_batch", "2"},
           {"training.batch_group", "2"},
           {"training.loss_scale", "1024"},
           {"training.init_gain", "2"},
           {"dataset.train_limit", "16"},
           {"dataset.test_limit", "4"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return load_config(H2_SOURCE_DIR "/configs/h2learn.yaml", all);
}

Config with_probes(Config config) {
  config.probe.enable = true;
  return config;
}

Bench::Bench(const Config& config, const Platform::Options& options, const std::string& vcd)
    : config_(with_probes(config)),
      trace_(make_trace(config_, vcd)),
      platform("top", config_, options, *trace_) {}

void Bench::run(HostCpu::Program program) {
  platform.host.program = std::move(program);
  trace_->start();
  platform.run();
  trace_->close();
  for (const JobEngine* e : platform.engines()) {
    EXPECT_LE(e->buffer().high_water(), e->buffer().capacity()) << e->name();
  }
}

TrainingRun train(const Config& config, const Platform::Options& options, const std::string& vcd,
                  const std::function<void(Platform&)>& prepare) {
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  Bench bench(config, options, vcd);
  TrainingRun run;
  if (prepare) prepare(bench.platform);
  Training training(config, data, start_weights(config), bench.platform, run.record);
  bench.run([&](HostCpu& host) { training(host); });
  nlohmann::ordered_json summary = make_summary(run_info(config, bench.platform), run.record, {});
  summary.erase("wall");
  run.summary = summary.dump(1);
  return run;
}

}  // namespace h2
