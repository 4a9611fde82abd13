// SPDX-License-Identifier: Apache-2.0
#include "platform/data/npy_set.h"

#include <algorithm>

#include "modules/tensor/npy.h"
#include "tests/data/input_files.h"

namespace h2 {
namespace {

constexpr InputShape kShape{2, 1, 3};
constexpr int kSteps = 2;

class NpySet : public FolderTest {
 protected:
  NpySet() {
    put("train_samples", {3, 2, 1, 3});
    put("train_labels", {3});
    put("test_samples", {1, 2, 1, 3});
    put("test_labels", {1});
  }
  /// uint8, elements 0, 1, 2..
  void put(const std::string& name, const std::vector<std::size_t>& shape, unsigned modulus = 256) {
    std::size_t count = 1;
    for (const std::size_t n : shape) count *= n;
    std::vector<std::uint8_t> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::uint8_t>(i % modulus);
    write_npy(path(name + ".npy"), NpyType::uint8, shape, values.data());
  }
  LoadedData load(std::uint64_t limit = 0) const {
    return load_npy_set({"npy", folder_.string(), limit, 0, {}, 1 << 20}, kShape, kSteps);
  }
};

TEST_F(NpySet, ReadsPixels) {
  const LoadedData data = load();
  ASSERT_EQ(data.train.size(), 3U);
  EXPECT_EQ(data.train.input_steps, 0);
  EXPECT_EQ(data.train.classes, 3);
  EXPECT_EQ(data.train.sample(2)[1], 13);
  EXPECT_EQ(load(2).train.values.size(), 12U);
}

TEST_F(NpySet, ReadsSpikesAndWideLabels) {
  put("train_samples", {3, 2, 2, 1, 3}, 2);
  put("test_samples", {1, 2, 2, 1, 3}, 2);
  const std::vector<std::int32_t> labels{0, 200, 1};
  write_npy(path("train_labels.npy"), NpyType::int32, {3}, labels.data());
  const LoadedData data = load();
  EXPECT_EQ(data.train.input_steps, kSteps);
  EXPECT_EQ(data.train.sample_size(), 12U);
  EXPECT_EQ(data.train.label(1), 200);
  EXPECT_EQ(data.train.classes, 201);
}

TEST_F(NpySet, ExactNumbersOfEveryType) {
  const std::vector<std::int64_t> labels{2, 0, 7};
  write_npy(path("train_labels.npy"), NpyType::int64, {3}, labels.data());
  std::vector<float> floats(18);
  std::vector<std::uint16_t> words(18);
  for (std::size_t i = 0; i < 18; ++i) {
    floats[i] = static_cast<float>(i * 15);
    words[i] = static_cast<std::uint16_t>(i * 15);
  }
  write_npy(path("train_samples.npy"), NpyType::float32, {3, 2, 1, 3}, floats.data());
  LoadedData data = load();
  EXPECT_EQ(data.train.classes, 8);
  EXPECT_EQ(data.train.sample(2)[5], 255);
  write_npy(path("train_samples.npy"), NpyType::uint16, {3, 2, 1, 3}, words.data());
  EXPECT_EQ(load().train.values, data.train.values);
  const std::vector<std::uint8_t> bits{0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0,
                                       0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0};
  write_npy(path("train_samples.npy"), NpyType::boolean, {3, 2, 2, 1, 3}, bits.data());
  put("test_samples", {1, 2, 2, 1, 3}, 2);
  EXPECT_EQ(load().train.values, bits);
}

TEST_F(NpySet, ReadsSamplesOneByOne) {
  const LoadedData all = load();
  const LoadedData none = load_npy_set({"npy", folder_.string(), 0, 0, {}, 17}, kShape, kSteps);
  EXPECT_TRUE(none.train.values.empty()) << "18 bytes";
  EXPECT_FALSE(none.test.values.empty()) << "6 bytes";
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(std::equal(all.train.sample(i), all.train.sample(i) + 6, none.train.sample(i)));
  }
}

TEST_F(NpySet, DamageIsNamed) {
  put("train_samples", {3, 2, 3, 1});
  expect_input_error([&] { load(); }, {"train_samples.npy", "(3, 2, 3, 1)", "(3, 2, 1, 3)"});
  put("train_samples", {3, 2, 2, 1, 3}, 3);
  expect_input_error([&] { load(); }, {"train_samples.npy", "element 2 is 2", "0, 1"});
  put("train_samples", {3, 2, 2, 1, 3}, 2);
  expect_input_error([&] { load(); }, {"both hold pixels, or both spikes"});
  put("train_samples", {0, 2, 1, 3});
  expect_input_error([&] { load(); }, {"holds no samples"});
  put("train_samples", {2, 2, 1, 3});
  expect_input_error([&] { load(); }, {"train_labels.npy", "(3,)", "(2,)"});
  put("train_samples", {3, 2, 1, 3});
  const std::vector<std::int32_t> labels{0, -1, 1};
  write_npy(path("train_labels.npy"), NpyType::int32, {3}, labels.data());
  expect_input_error([&] { load(); }, {"label 1 is -1", "0..65535"});
  put("train_labels", {3});
  std::vector<float> floats(18, 7);
  floats[8] = 0.5F;
  write_npy(path("train_samples.npy"), NpyType::float32, {3, 2, 1, 3}, floats.data());
  expect_input_error([&] { load(); }, {"train_samples.npy", "element 8 is 0.5", "0..255"});
  std::filesystem::remove(folder_ / "test_labels.npy");
  put("train_samples", {3, 2, 1, 3});
  put("train_labels", {3});
  expect_input_error([&] { load(); }, {"test_labels.npy"});
}

TEST_F(NpySet, TheNetworkMustFit) {
  const LoadedData data = load();
  const auto check = [&](const char* layers) {
    require_fits(data, parse_network(layers, kShape, kSteps, PoolMode::after_soma));
  };
  check("4C3(Encoding)-3FC");
  expect_input_error([&] { check("4C3-3FC"); }, {"lacks (Encoding)"});
  expect_input_error([&] { check("4C3(Encoding)-2FC"); }, {"2 neurons", "labels reach 2"});
}

}  // namespace
}  // namespace h2
