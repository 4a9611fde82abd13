// SPDX-License-Identifier: Apache-2.0
#include "platform/data/dataset.h"

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
        load_data({"nmnist", "x", 0, 0}, {2, 34, 34}, 10, 1);
      },
      {"network.input is 2x34x34", "nmnist", "2x32x32"});
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

}  // namespace
}  // namespace h2
