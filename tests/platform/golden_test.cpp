// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/golden.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "modules/arithmetic/fp16.h"
#include "modules/base/error.h"

// Tensors of a real run against one another, and the signals inside the engines against the tensors
// that came out of them.

namespace h2 {
namespace {

namespace fs = std::filesystem;

const Sets kOneGroup{{"dataset.train_limit", "4"}, {"dataset.test_limit", "2"}};

/// A tensor of the files with its shape.
struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<float> values;

  explicit Tensor(const NpyArray& array) : shape(array.shape), values(array.to_float()) {}
  float at(std::initializer_list<std::size_t> index) const {
    std::size_t offset = 0, axis = 0;
    for (const std::size_t i : index) offset = offset * shape[axis++] + i;
    for (; axis < shape.size(); ++axis) offset *= shape[axis];
    return values.at(offset);
  }
  std::size_t last(std::size_t axis) const { return shape[axis] - 1; }
};

TEST_F(Golden, TensorsAgreeWithOneAnother) {
  const Config config = tiny_config(kOneGroup);
  record(config, {0, 1});
  const NpyArray mask = array("0/conv1.mask"), u = array("0/conv1.u");
  ASSERT_EQ(mask.shape, u.shape);
  ASSERT_EQ(mask.shape.size(), 5U);
  const std::vector<float> open = mask.to_float(), potential = u.to_float();
  std::size_t inside = 0;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (open[i] != 0.0F) {
      ASSERT_TRUE(potential[i] > config.neuron.th_l && potential[i] < config.neuron.th_r);
      ++inside;
    } else {
      ASSERT_EQ(potential[i], 0.0F);
    }
  }
  EXPECT_GT(inside, 0U);
  EXPECT_EQ(array("0/conv1.input").type, NpyType::uint8);
  EXPECT_EQ(array("1/conv1.w").bytes, array("0/conv1.w").bytes);
  EXPECT_NE(array("0/conv1.w_after").bytes, array("0/conv1.w").bytes);
  EXPECT_TRUE(fs::exists(folder_ / "manifest.json"));
  EXPECT_FALSE(fs::exists(folder_ / "2"));
}

TEST_F(Golden, ChosenTensorsOnly) {
  GoldenRequest request;
  request.sub_batches = {1};
  request.tensors = {"conv2.u", "fc1.w_after"};
  record(tiny_config(kOneGroup), request);
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.is_regular_file()) found.insert(fs::relative(entry.path(), folder_).string());
  }
  EXPECT_EQ(found, (std::set<std::string>{"1/conv2.u.npy", "1/fc1.w_after.npy", "manifest.json"}));
}

class Units : public Golden {
 protected:
  void open(const Sets& more = {}) {
    Sets sets = kOneGroup;
    sets.insert(sets.end(), more.begin(), more.end());
    GoldenRequest request;
    request.sub_batches = {0};
    request.units = {"conv2", "fc1"};
    request.tiles = {0, 1, 2, 3};
    record(tiny_config(sets), request);
  }
  Tensor tensor(const std::string& name) const { return Tensor(array("0/" + name)); }

  /// At the first timestep nothing leaks: u is the spatial term.
  void forward_ends_in_potentials(const std::string& layer) {
    const Tensor u = tensor(layer + ".u"), mask = tensor(layer + ".mask");
    const Tensor psum = tensor(layer + ".fe_psum"), at = tensor(layer + ".fe_position");
    const std::size_t steps = u.shape[1];
    std::size_t compared = 0;
    ASSERT_EQ(psum.shape[0], u.shape[3] * u.shape[4]);
    for (std::size_t p = 0; p < psum.shape[0]; ++p)
      for (std::size_t b = 0; b < u.shape[0]; ++b)
        for (std::size_t c = 0; c < psum.shape[2]; ++c) {
          const auto y = static_cast<std::size_t>(at.at({p, 1}));
          const auto x = static_cast<std::size_t>(at.at({p, 2}));
          if (mask.at({b, 0, c, y, x}) == 0.0F) continue;
          const float sum = psum.at({p, b * steps, c, psum.last(3)});
          ASSERT_EQ(u.at({b, 0, c, y, x}), sum);
          ++compared;
        }
    EXPECT_GT(compared, 10U);
  }
};

TEST_F(Units, ManifestSaysHowToReadThem) {
  open();
  const auto manifest =
      nlohmann::ordered_json::parse(std::ifstream((folder_ / "manifest.json").string()));
  const auto& signals = manifest["signals"];
  const auto axes = signals["kinds"]["fe_psum"]["axes"];
  EXPECT_EQ(axes, (nlohmann::ordered_json{"position", "map", "channel", "beat"}));
  const auto& forward = signals["units"]["conv2"]["forward"];
  const Tensor psum = tensor("conv2.fe_psum"), at = tensor("conv2.fe_position");
  EXPECT_EQ(forward["output_channels"][1], psum.shape[2]);
  EXPECT_EQ(forward["rows"].get<std::size_t>() * forward["sub_luts"].get<std::size_t>(),
            tensor("conv2.fe_lut").shape[2]);
  std::size_t positions = 0;
  for (const auto& [number, r] : forward["tiles"].items()) {
    positions += (r[1].get<std::size_t>() - r[0].get<std::size_t>()) *
                 (r[3].get<std::size_t>() - r[2].get<std::size_t>());
  }
  EXPECT_EQ(positions, psum.shape[0]);
  EXPECT_FALSE(signals["units"].contains("conv1"));
}

TEST_F(Golden, TextForReadmemhHoldsTheSameBits) {
  GoldenRequest request;
  request.sub_batches = {0};
  request.units = {"conv2"};
  request.tiles = {0};
  request.readmemh = true;
  record(tiny_config(kOneGroup), request);
  const NpyArray psum = array("0/conv2.fe_psum"), pe = array("0/conv2.be_pe");
  const auto words = [&](const std::string& name) {
    std::ifstream file(folder_ / "0" / (name + ".hex"));
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line.substr(0, 3), "// ") << name;
    std::vector<std::uint32_t> all;
    while (std::getline(file, line)) {
      all.push_back(static_cast<std::uint32_t>(std::stoul(line, nullptr, 16)));
    }
    return all;
  };
  const auto hex = words("conv2.fe_psum");
  ASSERT_EQ(hex.size(), psum.count());
  for (std::size_t i = 0; i < hex.size(); ++i) {
    ASSERT_EQ(hex[i], psum.bytes[2 * i] | static_cast<unsigned>(psum.bytes[2 * i + 1]) << 8);
  }
  const auto closed = words("conv2.be_pe");
  ASSERT_EQ(closed.size(), pe.count());
  EXPECT_NE(std::find(closed.begin(), closed.end(), 0xFFFFFFFFU), closed.end());
}

TEST_F(Units, ForwardEndsInThePotentials) {
  open();
  forward_ends_in_potentials("conv2");
  forward_ends_in_potentials("fc1");
}

/// At the last timestep nothing comes from later: grad-u is the spatial term under the mask; a
/// pooled gradient gives each child a quarter.
TEST_F(Units, BackwardEndsInTheGradients) {
  open();
  const Tensor grad = tensor("conv1.grad_u"), mask = tensor("conv1.mask");
  const Tensor psum = tensor("conv2.be_psum"), at = tensor("conv2.be_position");
  const Tensor pe = tensor("conv2.be_pe");
  const std::size_t steps = grad.shape[1], t = steps - 1;
  std::size_t compared = 0;
  ASSERT_EQ(psum.shape[0] * 4, grad.shape[3] * grad.shape[4]);
  for (std::size_t p = 0; p < psum.shape[0]; ++p)
    for (std::size_t b = 0; b < grad.shape[0]; ++b)
      for (std::size_t c = 0; c < psum.shape[2]; ++c)
        for (std::size_t child = 0; child < 4; ++child) {
          const std::size_t y = static_cast<std::size_t>(at.at({p, 1})) * 2 + child / 2;
          const std::size_t x = static_cast<std::size_t>(at.at({p, 2})) * 2 + child % 2;
          const bool is_open = mask.at({b, t, c, y, x}) != 0.0F;
          const float sum = psum.at({p, b * steps + t, c, psum.last(3)});
          ASSERT_EQ(grad.at({b, t, c, y, x}), is_open ? round_fp16(sum * 0.25F) : 0.0F);
          if (is_open) {
            EXPECT_GE(pe.at({p, b * steps + t, c}), 0.0F);
          }
          compared += is_open && sum != 0.0F ? 1 : 0;
        }
  EXPECT_GT(compared, 10U);
}

TEST_F(Units, WeightGradientEndsInTheSums) {
  open();
  const Tensor grad_w = tensor("conv2.grad_w"), sum = tensor("conv2.wue_sum");
  constexpr std::size_t kPlanes = 3;
  std::size_t compared = 0;
  for (std::size_t o = 0; o < sum.shape[1]; ++o)
    for (std::size_t i = 0; (i + 1) * kPlanes <= sum.shape[2]; ++i)
      for (std::size_t tap = 0; tap < 9; ++tap) {
        float g = 0.0F;
        for (std::size_t p = 0; p < kPlanes; ++p) {
          const float plane = sum.at({sum.last(0), o, i * kPlanes + p, tap});
          g = round_fp16(g + round_fp16(static_cast<float>(1U << p) / 4 * plane));
        }
        ASSERT_EQ(grad_w.at({o, i, tap / 3, tap % 3}), g);
        compared += g != 0.0F ? 1 : 0;
      }
  EXPECT_GT(compared, 10U);
}

TEST_F(Units, PoolingBeforeSomaSpreadsQuarters) {
  open({{"network.pool", "before_soma"}});
  const Tensor grad = tensor("conv2.grad_u"), lut = tensor("conv2.wue_lut");
  const Tensor beat = tensor("conv2.wue_beat");
  // Entry 1 of the first sub-LUT is the gradient of the tile's first position alone.
  for (std::size_t n = 0; n < beat.shape[0]; ++n) {
    if (beat.at({n, 1}) != 0.0F || beat.at({n, 3}) != 0.0F) continue;
    const auto sample = static_cast<std::size_t>(beat.at({n, 0}));
    for (std::size_t c = 0; c < lut.shape[1]; ++c) {
      EXPECT_EQ(lut.at({n, c, 0, 1}), round_fp16(grad.at({sample, 0, c, 0, 0}) * 0.25F));
    }
  }
  forward_ends_in_potentials("fc1");
}

TEST_F(Golden, UnknownNamesAreRefusedWithTheLegalOnes) {
  const auto message = [&](const GoldenRequest& request, const Sets& sets = {}) {
    try {
      record(tiny_config(sets), request);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  GoldenRequest request;
  request.tensors = {"conv2.potential"};
  EXPECT_NE(message(request).find("conv2.grad_u"), std::string::npos);
  request.tensors = {"fc1.input"};
  EXPECT_NE(message(request).find("fc1.input: no such tensor"), std::string::npos);
  request = {};
  request.units = {"conv3"};
  EXPECT_NE(message(request).find("legal: conv1 conv2 fc1 fc2"), std::string::npos);
  request.units = {"conv2"};
  EXPECT_NE(message(request, {{"numerics", "fp32"}}).find("fp16"), std::string::npos);
  request.tiles = {4};
  EXPECT_NE(message(request).find("conv2 0..3"), std::string::npos);
  request.tiles = {};
  request.block = 2;
  EXPECT_NE(message(request).find("conv2 FE 0..0, BE 0..0, WUE 0..1"), std::string::npos);
}

}  // namespace
}  // namespace h2
