// SPDX-License-Identifier: Apache-2.0
#include "platform/data/cifar10.h"

#include "tests/data/input_files.h"

namespace h2 {
namespace {

/// Records with these labels; pixel i of record r is r + i.
std::string records(const std::string& labels) {
  std::string bytes;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    bytes += labels[r];
    for (std::size_t i = 0; i < 3072; ++i) bytes += static_cast<char>(r + i);
  }
  return bytes;
}

class Cifar10 : public FolderTest {
 protected:
  Cifar10() {
    write("data_batch_1.bin", records({3, 9}));
    write("data_batch_2.bin", records({4, 0, 7}));
    write("test_batch.bin", records({5, 6}));
  }
  LoadedData load(std::uint64_t train_limit = 0) const {
    return load_cifar10({"cifar10", folder_.string(), train_limit, 0});
  }
};

TEST_F(Cifar10, ReadsTheBatchesInOrder) {
  const LoadedData data = load();
  ASSERT_EQ(data.train.size(), 5U);
  EXPECT_EQ(data.train.labels, (std::vector<std::uint16_t>{3, 9, 4, 0, 7}));
  EXPECT_EQ(data.test.labels, (std::vector<std::uint16_t>{5, 6}));
  EXPECT_EQ(data.train.sample_size(), 3072U);
  EXPECT_EQ(data.train.sample(4)[5], 2 + 5);
  EXPECT_EQ(data.train.input_steps, 0);
}

TEST_F(Cifar10, LimitsKeepTheFirst) {
  const LoadedData data = load(3);
  EXPECT_EQ(data.train.labels, (std::vector<std::uint16_t>{3, 9, 4}));
  EXPECT_EQ(data.train.values.size(), 3 * data.train.sample_size());
}

TEST_F(Cifar10, DamageIsNamed) {
  write("data_batch_2.bin", records({1}) + "x");
  expect_input_error([&] { load(); }, {"data_batch_2.bin", "3074 bytes", "multiple of 3073"});
  write("data_batch_2.bin", "");
  expect_input_error([&] { load(); }, {"data_batch_2.bin", "0 bytes"});
  write("data_batch_2.bin", records({1, 10}));
  expect_input_error([&] { load(); }, {"data_batch_2.bin", "label 1 is 10", "0..9"});
}

TEST_F(Cifar10, MissingFilesAreNamed) {
  std::filesystem::remove(folder_ / "test_batch.bin");
  expect_input_error([&] { load(); }, {"test_batch.bin", "no such file", "dataset.path"});
  std::filesystem::remove(folder_ / "data_batch_1.bin");
  expect_input_error([&] { load(); }, {"data_batch_1.bin", "no such file"});
}

TEST_F(Cifar10, OfAHundredClassesTheFineLabelCounts) {
  const std::string pixels(3072, '\7');
  write("train.bin", std::string("\x05\x63", 2) + pixels + std::string("\x00\x01", 2) + pixels);
  write("test.bin", std::string("\x13\x00", 2) + pixels);
  const LoadedData data = load_cifar100({"cifar100", folder_.string()});
  EXPECT_EQ(data.train.labels, (std::vector<std::uint16_t>{99, 1}));
  EXPECT_EQ(data.train.classes, 100);
  EXPECT_EQ(data.train.sample(1)[3071], 7);
  write("test.bin", std::string("\x13\x64", 2) + pixels);
  expect_input_error(
      [&] {
        load_cifar100({"cifar100", folder_.string()});
      },
      {"test.bin", "label 0 is 100", "0..99"});
  write("test.bin", pixels);
  expect_input_error(
      [&] {
        load_cifar100({"cifar100", folder_.string()});
      },
      {"test.bin", "multiple of 3074", "two labels"});
}

}  // namespace
}  // namespace h2
