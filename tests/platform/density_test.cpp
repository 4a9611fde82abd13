// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "modules/h2learn/schedule.h"
#include "modules/tensor/npy.h"
#include "platform/host/board_statistics.h"
#include "platform/host/snapshot.h"
#include "tests/data/input_files.h"
#include "tests/platform/simulation.h"
#include "traces/results/golden/golden_writer.h"
#include "traces/results/statistics/statistics.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

/// Statistics of a training, whose tensors go to `folder`.
Json train_with_tensors(const Config& config, const std::string& folder) {
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  Bench bench(config);
  RunRecord record;
  Training training(config, data, start_weights(config), bench.platform, record);
  GoldenRequest request;
  request.folder = folder;
  request.sub_batches = {0, 1, 2};
  GoldenWriter golden(run_info(config, bench.platform), request);
  training.on_labels = [&](const std::uint32_t* l, std::size_t n) { golden.labels(l, n); };
  bench.platform.controller.command_ended.add([&](const CardCommand& c) {
    golden.descriptor_ended(c.descriptor, job_context(c), bench.platform.host.reader());
  });
  bench.run([&](HostCpu& host) { training(host); });
  golden.close();
  const RunInfo info = run_info(config, bench.platform);
  return Statistics(board_statistics(info, record, bench.platform)).json();
}

/// Averages of 2x2 in the last two axes, odd rows and columns dropped.
std::vector<float> averaged(const NpyArray& a) {
  const std::size_t height = a.shape[3], width = a.shape[4];
  const std::vector<float> in = a.to_float();
  std::vector<float> out;
  for (std::size_t map = 0; map < in.size() / (height * width); ++map)
    for (std::size_t y = 0; y + 1 < height; y += 2)
      for (std::size_t x = 0; x + 1 < width; x += 2) {
        const float* at = &in[(map * height + y) * width + x];
        out.push_back((at[0] + at[1] + at[width] + at[width + 1]) / 4);
      }
  return out;
}

struct Counted {
  double nonzeros = 0, elements = 0;
  void add(const std::vector<float>& values) {
    elements += static_cast<double>(values.size());
    for (const float v : values) nonzeros += v != 0 ? 1 : 0;
  }
  double share() const { return nonzeros / elements; }
};

class Densities : public FolderTest,
                  public ::testing::WithParamInterface<std::pair<const char*, int>> {};

/// One sub-batch, and several of which the last is not full; no test sample is counted.
TEST_P(Densities, AreThoseOfTheTensors) {
  const auto [pool, samples] = GetParam();
  const Config config =
      tiny_config({{"network.layers", "8C3(Encoding)-AP2-24C3-AP2-8C3-AP2-32FC-10FC"},
                   {"network.pool", pool},
                   {"dataset.train_limit", std::to_string(samples)}});
  const Json items = train_with_tensors(config, path("tensors"));
  const int sub_batches = (samples + 1) / 2;
  for (const Layer& layer : config.network.layers) {
    SCOPED_TRACE(layer.name);
    Counted spikes, mask, gradient;
    for (int n = 0; n < sub_batches; ++n) {
      const std::string prefix = path("tensors/" + std::to_string(n) + "/" + layer.name);
      const NpyArray s = read_npy(prefix + ".s.npy");
      spikes.add(layer.pool == PoolMode::after_soma ? averaged(s) : s.to_float());
      mask.add(read_npy(prefix + ".mask.npy").to_float());
      gradient.add(read_npy(prefix + ".grad_u.npy").to_float());
    }
    const auto value = [&](const char* name) {
      return items.at("layer." + layer.name + "." + name)["value"].get<double>();
    };
    EXPECT_DOUBLE_EQ(value("spike_density"), spikes.share());
    EXPECT_DOUBLE_EQ(value("mask_density"), mask.share());
    EXPECT_DOUBLE_EQ(value("gradient_density"), gradient.share());
    EXPECT_GT(mask.nonzeros, 0);
    EXPECT_LT(mask.share(), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Pools, Densities,
                         ::testing::Values(std::pair{"after_soma", 2}, std::pair{"before_soma", 2},
                                           std::pair{"after_soma", 5}),
                         [](const auto& info) {
                           return std::string(info.param.first) + "_" +
                                  std::to_string(info.param.second);
                         });

}  // namespace
}  // namespace h2
