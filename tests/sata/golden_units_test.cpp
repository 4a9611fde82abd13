// SPDX-License-Identifier: Apache-2.0
// Signals of SATA's array in golden files against the tensors that a real run left in memory.

#include <fstream>
#include <nlohmann/json.hpp>

#include "modules/arithmetic/fp16.h"
#include "modules/base/error.h"
#include "tests/platform/golden.h"
#include "traces/results/golden/golden_signals.h"

namespace h2 {
namespace {

/// An array of a file, by its indices.
struct GoldenArray {
  std::vector<std::size_t> shape;
  std::vector<float> values;

  explicit GoldenArray(const NpyArray& array) : shape(array.shape), values(array.to_float()) {}
  float at(std::initializer_list<std::size_t> index) const {
    std::size_t offset = 0, axis = 0;
    for (const std::size_t i : index) offset = offset * shape[axis++] + i;
    for (; axis < shape.size(); ++axis) offset *= shape[axis];
    return values.at(offset);
  }
  std::size_t last(std::size_t axis) const { return shape[axis] - 1; }
};

class SataUnitsGolden : public Golden {
 protected:
  static Config config(const Sets& more = {}) {
    Sets sets{{"network.layers", "6C3S2(Encoding)-10C3S2-10FC"},
              {"network.timesteps", "2"},
              {"training.sub_batch", "2"},
              {"training.batch_group", "1"},
              {"training.loss_scale", "1024"},
              {"dataset.train_limit", "2"},
              {"dataset.test_limit", "2"}};
    sets.insert(sets.end(), more.begin(), more.end());
    return load_config(H2_SOURCE_DIR "/configs/sata.yaml", sets);
  }
  static GoldenRequest request_of(const Config& config, std::uint64_t block = 0) {
    GoldenRequest request;
    request.sub_batches = {0};
    request.units = {"conv2", "fc1"};
    request.tiles = {0, 1, 2, 3};
    request.block = block;
    request.engines = sata_units(config.sata);
    return request;
  }
  GoldenArray tensor(const std::string& name) const { return GoldenArray(array("0/" + name)); }

  /// At the first timestep nothing leaks: u is the sum of the PEs.
  void forward_ends_in_potentials(const std::string& layer, std::size_t first) {
    const GoldenArray u = tensor(layer + ".u"), total = tensor(layer + ".sata_forward_total"),
                      at = tensor(layer + ".sata_forward_position");
    ASSERT_EQ(at.shape[0], u.shape[3] * u.shape[4]);
    std::size_t compared = 0;
    for (std::size_t p = 0; p < total.shape[0]; ++p)
      for (std::size_t b = 0; b < u.shape[0]; ++b)
        for (std::size_t c = 0; c < total.shape[2]; ++c) {
          const auto y = static_cast<std::size_t>(at.at({p, 1}));
          const auto x = static_cast<std::size_t>(at.at({p, 2}));
          ASSERT_EQ(u.at({b, 0, first + c, y, x}), total.at({p, b * u.shape[1], c}));
          compared += total.at({p, b * u.shape[1], c}) != 0 ? 1 : 0;
        }
    EXPECT_GT(compared, 10U);
  }
};

TEST_F(SataUnitsGolden, ForwardEndsInThePotentials) {
  const Config c = config();
  record(c, request_of(c));
  forward_ends_in_potentials("conv2", 0);
  forward_ends_in_potentials("fc1", 0);
}

TEST_F(SataUnitsGolden, BlocksAreTheColumnsOfTheArray) {
  const Config c = config();
  record(c, request_of(c, 1));
  EXPECT_EQ(tensor("conv2.sata_forward_total").shape[2], 2U);  // 10 outputs on 8 columns
  forward_ends_in_potentials("conv2", 8);
  // Six channels below conv2 are one block, flattened inputs of fc1 are more.
  EXPECT_FALSE(std::filesystem::exists(folder_ / "0" / "conv2.sata_backward_sum.npy"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "0" / "fc1.sata_backward_sum.npy"));
}

/// At the last timestep nothing comes from later: grad-u is the sum of the PEs under the mask.
TEST_F(SataUnitsGolden, BackwardEndsInTheGradients) {
  const Config c = config();
  record(c, request_of(c));
  const GoldenArray grad = tensor("conv1.grad_u"), mask = tensor("conv1.mask"),
                    sum = tensor("conv2.sata_backward_sum"),
                    at = tensor("conv2.sata_backward_position");
  const std::size_t steps = grad.shape[1], t = steps - 1;
  ASSERT_EQ(at.shape[0], 4U * 14);  // the upper four tiles
  std::size_t compared = 0;
  for (std::size_t p = 0; p < sum.shape[0]; ++p)
    for (std::size_t b = 0; b < grad.shape[0]; ++b)
      for (std::size_t k = 0; k < sum.shape[2]; ++k) {
        const auto y = static_cast<std::size_t>(at.at({p, 1}));
        const auto x = static_cast<std::size_t>(at.at({p, 2}));
        const bool open = mask.at({b, t, k, y, x}) != 0;
        const float last = sum.at({p, b * steps + t, k, sum.last(3)});
        ASSERT_EQ(grad.at({b, t, k, y, x}), open ? last : 0.0F);
        compared += open && last != 0 ? 1 : 0;
      }
  EXPECT_GT(compared, 10U);
}

TEST_F(SataUnitsGolden, WeightGradientEndsInTheSums) {
  const Config c = config();
  record(c, request_of(c, 2));  // weights 32 to 47 of the 54 of an output
  const GoldenArray grad = tensor("conv2.grad_w"), sum = tensor("conv2.sata_weight_gradient_sum"),
                    weight = tensor("conv2.sata_weight_gradient_weight");
  ASSERT_EQ(sum.shape[1], 16U);
  std::size_t compared = 0;
  for (std::size_t row = 0; row < sum.shape[1]; ++row)
    for (std::size_t k = 0; k < sum.shape[2]; ++k) {
      float total = 0;
      for (std::size_t b = 0; b < sum.shape[0]; ++b) {
        total = round_fp16(total + sum.at({b, row, k, sum.last(3)}));
      }
      const auto field = [&](std::size_t f) {
        return static_cast<std::size_t>(weight.at({row, f}));
      };
      ASSERT_EQ(grad.at({k, field(0), field(1), field(2)}), total);
      compared += total != 0 ? 1 : 0;
    }
  EXPECT_EQ(weight.at({0, 0}) * 9 + weight.at({0, 1}) * 3 + weight.at({0, 2}), 32);
  EXPECT_GT(compared, 10U);
}

TEST_F(SataUnitsGolden, ManifestSaysHowToReadThem) {
  const Config c = config();
  record(c, request_of(c));
  const auto manifest =
      nlohmann::ordered_json::parse(std::ifstream((folder_ / "manifest.json").string()));
  EXPECT_EQ(manifest["schema"], 2);
  const auto& signals = manifest["signals"];
  EXPECT_EQ(signals["kinds"].size(), 16U);
  EXPECT_FALSE(signals["kinds"].contains("fe_psum"));
  const auto& forward = signals["units"]["conv2"]["forward"];
  EXPECT_EQ(forward["output_channels"], (nlohmann::ordered_json{0, 8}));
  EXPECT_EQ(forward["fold_cycles"], 6 * 9 + 16 + 8 - 2);
  EXPECT_EQ(forward["tiles"]["3"], (nlohmann::ordered_json{4, 7, 4, 7}));
  const auto& gradient = signals["units"]["conv2"]["weight_gradient"];
  EXPECT_EQ(gradient["weights"], (nlohmann::ordered_json{0, 16}));
  EXPECT_EQ(gradient["fold_cycles"], 2 * 49 + 16 + 8 - 2);
}

TEST_F(SataUnitsGolden, WhatTheArrayDoesNotHaveIsRefused) {
  const auto message = [&](const Sets& sets, std::uint64_t block, const std::string& unit) {
    try {
      const Config c = config(sets);
      GoldenRequest request = request_of(c, block);
      request.units = {unit};
      record(c, request);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message({}, 0, "conv9").find("no such layer; legal: conv1 conv2 fc1"),
            std::string::npos);
  EXPECT_NE(message({}, 8, "conv2").find("conv2 forward 0..1, backward 0..0, weight gradient 0..7"),
            std::string::npos);
  EXPECT_NE(message({{"numerics", "fp32"}}, 0, "conv2").find("fp16"), std::string::npos);
}

}  // namespace
}  // namespace h2
