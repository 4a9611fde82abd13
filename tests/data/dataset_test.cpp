// SPDX-License-Identifier: Apache-2.0
#include "platform/data/dataset.h"

#include <set>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

TEST(LoadData, LoadsDigitsWithLimits) {
  const LoadedData data = load_data({"digits", "", 30, 20}, {1, 28, 28}, 10, 1);
  EXPECT_EQ(data.train.size(), 30U);
  EXPECT_EQ(data.test.size(), 20U);
}

TEST(LoadData, NamesShapeMismatch) {
  expect_input_error(
      [] {
        load_data({"digits", "", 0, 0}, {3, 32, 32}, 10, 1);
      },
      {"network.input is 3x32x32", "digits", "1x28x28"});
  expect_input_error(
      [] {
        load_data({"nmnist", "x", 0, 0}, {2, 33, 33}, 10, 1);
      },
      {"network.input is 2x33x33", "nmnist", "2x32x32"});
}

TEST(LoadData, NamesEmptyPath) {
  expect_input_error(
      [] {
        load_data({"mnist", "", 0, 0}, {1, 28, 28}, 10, 1);
      },
      {"dataset.path", "mnist"});
}

TEST(LoadData, NamesUnknownKind) {
  expect_input_error(
      [] {
        load_data({"letters", "", 0, 0}, {1, 28, 28}, 10, 1);
      },
      {"dataset.kind 'letters'", "digits, mnist, nmnist"});
}

TEST(LoadData, ValidationIsHeldOutOfTheTrainingPart) {
  DatasetConfig config{"digits", "", 200, 20};
  const LoadedData whole = load_data(config, {1, 28, 28}, 10, 1);
  config.validation = 50;
  const LoadedData data = load_data(config, {1, 28, 28}, 10, 1);
  EXPECT_EQ(data.train.size(), 150U);
  ASSERT_EQ(data.validation.size(), 50U);
  EXPECT_EQ(data.test.values, whole.test.values);
  std::multiset<std::vector<std::uint8_t>> all, parts;
  const auto take = [](const Dataset& set, std::multiset<std::vector<std::uint8_t>>& samples) {
    for (std::size_t i = 0; i < set.size(); ++i)
      samples.emplace(set.sample(i), set.sample(i) + set.sample_size());
  };
  take(whole.train, all);
  take(data.train, parts);
  take(data.validation, parts);
  EXPECT_EQ(all, parts) << "every sample is in one of them, once";
  EXPECT_EQ(std::set<int>(data.validation.labels.begin(), data.validation.labels.end()).size(),
            10U);
  config.validation = 200;
  expect_input_error(
      [&] {
        load_data(config, {1, 28, 28}, 10, 1);
      },
      {"dataset.validation: 200", "less than the 200"});
}

}  // namespace
}  // namespace h2
