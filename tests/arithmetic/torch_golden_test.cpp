// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "modules/arithmetic/fp16.h"
#include "modules/arithmetic/simd/isa.h"
#include "tests/arithmetic/isa_guard.h"
#include "tests/arithmetic/network_run.h"

// Whole networks against PyTorch autograd in float64 (make_torch_golden.py).

namespace h2 {
namespace {

using Json = nlohmann::json;

Json read_golden(const std::string& name) {
  std::ifstream file(std::string(H2_SOURCE_DIR) + "/tests/arithmetic/golden/" + name + ".json");
  if (!file) throw std::runtime_error("no golden file " + name);
  return Json::parse(file);
}

Network network_of(const Json& golden) {
  const std::vector<int> shape = golden["input_shape"];
  const PoolMode pool =
      golden["pool"] == "before_soma" ? PoolMode::before_soma : PoolMode::after_soma;
  return parse_network(golden["layers"], {shape[0], shape[1], shape[2]}, golden["steps"], pool);
}

/// Golden order B,T,C,H,W: spikes, or bytes with T = 1.
BitMap input_of(const Json& golden, const Network& network) {
  const std::vector<int> values = golden["input"];
  const auto [channels, height, width] = network.input;
  const int planes = network.encoding() ? 8 : 1;
  const int maps = static_cast<int>(values.size()) / (channels * height * width);
  BitMap input(maps, height, width, channels * planes);
  for (int i = 0; i < static_cast<int>(values.size()); ++i) {
    const int x = i % width, y = i / width % height, c = i / width / height % channels;
    const int map = i / width / height / channels;
    for (int p = 0; p < planes; ++p)
      input.set(map, y, x, c * planes + p, (values[i] >> p & 1) != 0);
  }
  return input;
}

StepResult run(const Json& golden, Numerics numerics) {
  const Network network = network_of(golden);
  const Json& n = golden["neuron"];
  const NeuronSpec neuron{n["alpha"], n["th_f"], n["th_l"], n["th_r"], n["beta"]};
  const auto loss =
      golden["loss"] == "mse" ? NetworkRun::Loss::mse : NetworkRun::Loss::cross_entropy;
  return NetworkRun(network, neuron, numerics, loss)
      .step(golden["batch"], input_of(golden, network), golden["labels"], golden["weights"]);
}

/// Largest difference over the largest expected magnitude.
double relative_error(const std::vector<float>& actual, const std::vector<double>& expected) {
  double worst = 0.0, largest = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::fabs(actual[i] - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  return worst / largest;
}

class TorchGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(TorchGolden, Fp32MatchesAutograd) {
  const Json golden = read_golden(GetParam());
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    const StepResult result = run(golden, Numerics::fp32);
    EXPECT_EQ(result.counts, golden["counts"].get<std::vector<int>>());
    EXPECT_NEAR(result.loss, golden["loss_value"].get<double>(), 1e-7);
    ASSERT_EQ(result.gradients.size(), golden["gradients"].size());
    for (std::size_t l = 0; l < result.gradients.size(); ++l) {
      const std::vector<double> expected = golden["gradients"][l];
      ASSERT_EQ(result.gradients[l].size(), expected.size());
      EXPECT_LT(relative_error(result.gradients[l], expected), 2e-6) << "layer " << l;
    }
  }
}

TEST_P(TorchGolden, Fp16IsTheSameOnEveryInstructionSetAndInRange) {
  const Json golden = read_golden(GetParam());
  std::vector<StepResult> results;
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    results.push_back(run(golden, Numerics::fp16));
    EXPECT_EQ(results.back().gradients, results.front().gradients);
  }
  for (const auto& layer : results.front().gradients) {
    EXPECT_TRUE(std::any_of(layer.begin(), layer.end(), [](float g) { return g != 0.0F; }));
    EXPECT_TRUE(std::all_of(layer.begin(), layer.end(),
                            [](float g) { return std::isfinite(g) && g == round_fp16(g); }));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, TorchGolden,
                         ::testing::Values("spikes_after_soma", "spikes_before_soma",
                                           "bytes_after_soma", "bytes_before_soma", "one_step",
                                           "fc_only"));

}  // namespace
}  // namespace h2
