// SPDX-License-Identifier: Apache-2.0
#include "platform/data/mnist.h"

#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <sstream>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

constexpr InputShape kShape{1, 2, 3};

std::string big_endian(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
          static_cast<char>(v)};
}

std::string images(std::uint32_t count, std::uint32_t height = 2, std::uint32_t width = 3) {
  std::string bytes =
      big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
  for (std::uint32_t i = 0; i < count * height * width; ++i) bytes += static_cast<char>(i);
  return bytes;
}

std::string labels(const std::string& values) {
  return big_endian(0x801) + big_endian(static_cast<std::uint32_t>(values.size())) + values;
}

std::string gzip(const std::string& bytes) {
  namespace io = boost::iostreams;
  std::istringstream source(bytes);
  io::filtering_istream input;
  input.push(io::gzip_compressor());
  input.push(source);
  std::ostringstream result;
  io::copy(input, result);
  return result.str();
}

class Mnist : public FolderTest {
 protected:
  Mnist() {
    write("train-images-idx3-ubyte", images(4));
    write("train-labels-idx1-ubyte", labels({3, 1, 4, 9}));
    write("t10k-images-idx3-ubyte", images(2));
    write("t10k-labels-idx1-ubyte", labels({0, 5}));
  }
  LoadedData load() const { return load_mnist({"mnist", folder_.string()}, kShape); }
  void expect_error(std::initializer_list<const char*> parts) const {
    expect_input_error([this] { load(); }, parts);
  }
};

TEST_F(Mnist, ReadsPlainFiles) {
  const LoadedData data = load();
  ASSERT_EQ(data.train.size(), 4U);
  ASSERT_EQ(data.test.size(), 2U);
  EXPECT_EQ(data.train.label(3), 9);
  EXPECT_EQ(data.test.label(1), 5);
  EXPECT_EQ(data.train.sample(2)[4], 16);
  EXPECT_EQ(data.train.input_steps, 0);
}

TEST_F(Mnist, ReadsGzipFiles) {
  std::filesystem::remove(path("train-images-idx3-ubyte"));
  write("train-images-idx3-ubyte.gz", gzip(images(4)));
  EXPECT_EQ(load().train.sample(2)[4], 16);
}

TEST_F(Mnist, LimitsKeepTheFirstSamples) {
  const LoadedData data = load_mnist({"mnist", folder_.string(), 3, 99}, kShape);
  EXPECT_EQ(data.train.size(), 3U);
  EXPECT_EQ(data.train.values.size(), 18U);
  EXPECT_EQ(data.test.size(), 2U);
}

TEST_F(Mnist, NamesMissingFile) {
  std::filesystem::remove(path("t10k-labels-idx1-ubyte"));
  expect_error({"t10k-labels-idx1-ubyte[.gz]", "no such file", "dataset.path"});
}

TEST_F(Mnist, NamesWrongMagic) {
  write("train-labels-idx1-ubyte", images(4));
  expect_error({"train-labels-idx1-ubyte", "2051", "expected 2049"});
}

TEST_F(Mnist, NamesShortHeader) {
  write("train-images-idx3-ubyte", images(4).substr(0, 15));
  expect_error({"train-images-idx3-ubyte", "15 bytes", "header of 16"});
}

TEST_F(Mnist, NamesTruncation) {
  write("train-images-idx3-ubyte", images(4).substr(0, 16 + 23));
  expect_error({"train-images-idx3-ubyte", "truncated", "4x2x3", "23"});
}

TEST_F(Mnist, NamesTrailingBytes) {
  write("t10k-labels-idx1-ubyte", labels({0, 5}) + "x");
  expect_error({"t10k-labels-idx1-ubyte", "trailing", "announces 2 bytes", "holds 3"});
}

TEST_F(Mnist, NamesAbsurdDimensions) {
  const std::string huge = big_endian(0xffffffff);
  write("train-images-idx3-ubyte", big_endian(0x803) + huge + huge + huge + "abc");
  expect_error({"truncated", "4294967295x4294967295x4294967295"});
}

TEST_F(Mnist, NamesCountMismatch) {
  write("train-labels-idx1-ubyte", labels({3, 1, 4}));
  expect_error({"train-images-idx3-ubyte holds 4 images", "train-labels-idx1-ubyte holds 3"});
}

TEST_F(Mnist, AnyNumberOfClasses) {
  write("train-labels-idx1-ubyte", labels({3, 25, 4, 9}));
  EXPECT_EQ(load().train.classes, 26);
  EXPECT_EQ(load().test.classes, 6);
}

TEST_F(Mnist, VariantsHaveNamesOfTheirOwn) {
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"})
    std::filesystem::rename(path(name), path(std::string("emnist-letters-") + name));
  std::filesystem::rename(path("t10k-images-idx3-ubyte"),
                          path("emnist-letters-test-images-idx3-ubyte"));
  std::filesystem::rename(path("t10k-labels-idx1-ubyte"),
                          path("emnist-letters-test-labels-idx1-ubyte"));
  EXPECT_EQ(load().train.size(), 4U);
  EXPECT_EQ(load().test.size(), 2U);
  write("emnist-digits-train-images-idx3-ubyte", images(4));
  expect_error({"several sets", "emnist-digits-train", "emnist-letters-train"});
}

TEST_F(Mnist, NamesWrongImageSize) {
  write("t10k-images-idx3-ubyte", images(2, 3, 3));
  expect_error({"t10k-images-idx3-ubyte", "1x3x3", "network.input is 1x2x3"});
}

TEST_F(Mnist, NamesEmptySet) {
  write("t10k-images-idx3-ubyte", images(0));
  write("t10k-labels-idx1-ubyte", labels({}));
  expect_error({"t10k-images-idx3-ubyte", "no images"});
}

TEST_F(Mnist, NamesCorruptGzip) {
  std::filesystem::remove(path("train-images-idx3-ubyte"));
  const std::string sound = gzip(images(40));
  std::string flipped = sound;
  flipped[sound.size() / 2] ^= 0x10;
  for (const std::string& bad : {flipped, sound.substr(0, sound.size() / 2),
                                 sound.substr(0, sound.size() - 4), images(4), std::string()}) {
    write("train-images-idx3-ubyte.gz", bad);
    expect_error({"train-images-idx3-ubyte.gz"});
  }
}

TEST(MnistFiles, RealDataLoads) {
  const std::string folder = H2_SOURCE_DIR "/../shared/data/mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no real data at " << folder;
  const LoadedData data = load_mnist({"mnist", folder, 0, 500}, {1, 28, 28});
  EXPECT_EQ(data.train.size(), 7000U);
  EXPECT_EQ(data.test.size(), 500U);
  std::array<int, 10> seen{};
  for (const std::uint16_t label : data.train.labels) ++seen.at(label);
  for (const int count : seen) EXPECT_GT(count, 400);
}

}  // namespace
}  // namespace h2
