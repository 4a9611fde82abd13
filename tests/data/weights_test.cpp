// SPDX-License-Identifier: Apache-2.0
#include "platform/data/weights.h"

#include <cmath>
#include <limits>

#include "modules/arithmetic/fp16.h"
#include "modules/tensor/npy.h"
#include "tests/data/input_files.h"

namespace h2 {
namespace {

Layer conv(int cin, int cout, int kernel) {
  Layer layer;
  layer.name = "conv1";
  layer.cin = cin;
  layer.cout = cout;
  layer.kernel = kernel;
  return layer;
}

Layer fc(int cin, int cout) {
  Layer layer;
  layer.name = "fc1";
  layer.kind = LayerKind::fc;
  layer.cin = cin;
  layer.cout = cout;
  return layer;
}

TEST(InitialWeights, AreKaimingNormal) {
  Layer layer = conv(32, 64, 3);
  layer.planes = 3;  // not part of the fan-in
  const std::vector<float> w = initial_weights(layer, 1.5F, 1, 0);
  ASSERT_EQ(w.size(), 32U * 64 * 9);
  double sum = 0, squares = 0;
  for (const float x : w) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  const double expected = 1.5 * std::sqrt(2.0 / (32 * 9));
  const double n = static_cast<double>(w.size());
  EXPECT_NEAR(sum / n, 0.0, 0.02 * expected);
  EXPECT_NEAR(std::sqrt(squares / n), expected, 0.02 * expected);
}

TEST(InitialWeights, DependOnSeedAndLayer) {
  const Layer layer = fc(20, 10);
  EXPECT_EQ(initial_weights(layer, 1.0F, 1, 0), initial_weights(layer, 1.0F, 1, 0));
  EXPECT_NE(initial_weights(layer, 1.0F, 1, 0), initial_weights(layer, 1.0F, 2, 0));
  EXPECT_NE(initial_weights(layer, 1.0F, 1, 0), initial_weights(layer, 1.0F, 1, 1));
}

class LoadWeights : public FolderTest {
 protected:
  LoadWeights() {
    network_.layers = {conv(2, 1, 1), fc(2, 2)};
    const float two[2] = {0.1F, -2.0F};
    const std::uint16_t four[4] = {0x3C00, 0xBC00, 0x3800, 0x0000};
    write_npy(path("conv1.w.npy"), NpyType::float32, {1, 2, 1, 1}, two);
    write_npy(path("fc1.w.npy"), NpyType::float16, {2, 2}, four);
  }
  void expect_error(std::initializer_list<const char*> parts) const {
    expect_input_error([this] { load_weights(folder_.string(), network_); }, parts);
  }
  Network network_;
};

TEST_F(LoadWeights, ReadsBothFloatTypes) {
  const auto weights = load_weights(folder_.string(), network_);
  ASSERT_EQ(weights.size(), 2U);
  EXPECT_EQ(weights[0], (std::vector<float>{0.1F, -2.0F}));
  EXPECT_EQ(weights[1], (std::vector<float>{1.0F, -1.0F, 0.5F, 0.0F}));
}

TEST_F(LoadWeights, NamesMissingLayer) {
  std::filesystem::remove(path("fc1.w.npy"));
  expect_error({"fc1.w.npy", "cannot be opened"});
}

TEST_F(LoadWeights, NamesWrongShape) {
  const float four[4] = {};
  write_npy(path("fc1.w.npy"), NpyType::float32, {4, 1}, four);
  expect_error({"fc1.w.npy", "(4, 1)", "fc1 needs (2, 2)"});
  write_npy(path("conv1.w.npy"), NpyType::float32, {1, 2}, four);
  expect_error({"conv1.w.npy", "(1, 2)", "conv1 needs (1, 2, 1, 1)"});
}

TEST_F(LoadWeights, NamesIntegerWeights) {
  const std::int32_t four[4] = {};
  write_npy(path("fc1.w.npy"), NpyType::int32, {2, 2}, four);
  expect_error({"fc1.w.npy", "float16 or float32"});
}

TEST_F(LoadWeights, NamesValueThatIsNotFinite) {
  const float four[4] = {0, 0, std::numeric_limits<float>::infinity(), 0};
  write_npy(path("fc1.w.npy"), NpyType::float32, {2, 2}, four);
  expect_error({"fc1.w.npy", "weight 2", "not finite"});
}

}  // namespace
}  // namespace h2
