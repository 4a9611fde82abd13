// SPDX-License-Identifier: Apache-2.0
#include "platform/data/nmnist.h"

#include <numeric>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

std::string event(int x, int y, int polarity, unsigned us) {
  return {static_cast<char>(x), static_cast<char>(y),
          static_cast<char>((polarity << 7) | static_cast<int>(us >> 16)),
          static_cast<char>(us >> 8), static_cast<char>(us)};
}

std::size_t at(int t, int channel, int y, int x) {
  return ((static_cast<std::size_t>(t) * 2 + channel) * 32 + y) * 32 + x;
}

class Nmnist : public FolderTest {
 protected:
  Nmnist() {
    write("Train/3/b.bin", event(1, 1, 0, 0) + event(32, 32, 1, 100000));
    write("Train/3/a.bin", event(5, 6, 1, 99));
    write("Train/0/z.bin", event(5, 6, 1, 99));
    write("Test/9/c.bin", event(7, 8, 0, 3));
  }
  LoadedData load(std::uint64_t limit = 0, int timesteps = 10) const {
    return load_nmnist(folder_.string(), limit, 0, timesteps);
  }
  void expect_error(std::initializer_list<const char*> parts) const {
    expect_input_error([this] { load(); }, parts);
  }
};

TEST_F(Nmnist, OrdersOneOfEachClassInTurn) {
  const LoadedData data = load();
  EXPECT_EQ(data.train.labels, (std::vector<std::uint8_t>{0, 3, 3}));
  EXPECT_EQ(data.test.labels, std::vector<std::uint8_t>{9});
  EXPECT_EQ(load(2).train.labels, (std::vector<std::uint8_t>{0, 3}));
  EXPECT_EQ(data.train.sample(1)[at(9, 1, 5, 4)], 1) << "a.bin comes before b.bin";
}

TEST_F(Nmnist, PutsEventsIntoWindowsWithoutTheSensorsRing) {
  const Dataset train = load().train;
  const std::uint8_t* sample = train.sample(2);
  EXPECT_EQ(train.input_steps, 10);
  EXPECT_EQ(train.sample_size(), 10U * 2 * 32 * 32);
  EXPECT_EQ(sample[at(0, 0, 0, 0)], 1) << "first event, off, pixel (1,1)";
  EXPECT_EQ(sample[at(9, 1, 31, 31)], 1) << "last event, on, pixel (32,32)";
  EXPECT_EQ(std::accumulate(sample, sample + train.sample_size(), 0), 2);
}

TEST_F(Nmnist, WindowBordersAreEqualParts) {
  // Last event at 999 us: 1000 us in 4 windows of 250.
  write("Train/0/z.bin", event(2, 2, 0, 249) + event(3, 3, 0, 250) + event(4, 4, 0, 999));
  const Dataset train = load(0, 4).train;
  EXPECT_EQ(train.sample(0)[at(0, 0, 1, 1)], 1);
  EXPECT_EQ(train.sample(0)[at(1, 0, 2, 2)], 1);
  EXPECT_EQ(train.sample(0)[at(3, 0, 3, 3)], 1);
}

TEST_F(Nmnist, SpikesOncePerWindowAndDropsTheRing) {
  write("Train/0/z.bin", event(0, 5, 0, 0) + event(33, 5, 0, 1) + event(5, 0, 0, 2) +
                             event(5, 33, 0, 3) + event(9, 9, 0, 4) + event(9, 9, 0, 5) +
                             event(9, 9, 0, 4000));
  const Dataset train = load().train;
  EXPECT_EQ(std::accumulate(train.sample(0), train.sample(0) + train.sample_size(), 0), 2);
}

TEST_F(Nmnist, NamesBadSize) {
  write("Train/3/a.bin", event(1, 1, 0, 0) + "ab");
  expect_error({"a.bin", "7 bytes", "multiple of 5"});
}

TEST_F(Nmnist, NamesEmptyFile) {
  write("Test/9/c.bin", "");
  expect_error({"c.bin", "empty"});
}

TEST_F(Nmnist, NamesCoordinateOutOfRange) {
  write("Train/3/a.bin", event(1, 1, 0, 0) + event(7, 34, 0, 1));
  expect_error({"a.bin: event 1", "column 7, row 34", "0..33"});
}

TEST_F(Nmnist, NamesTimeGoingBackwards) {
  write("Train/3/a.bin", event(1, 1, 0, 5000) + event(2, 2, 0, 3999));
  expect_error({"a.bin: event 1", "3999 us", "5000 us"});
  write("Train/3/a.bin", event(1, 1, 0, 5000) + event(2, 2, 0, 4990));
  EXPECT_NO_THROW(load());
}

TEST_F(Nmnist, NamesMissingPart) {
  std::filesystem::remove_all(path("Test"));
  expect_error({"Test", "no such folder"});
}

TEST_F(Nmnist, NamesMissingClassFolders) {
  std::filesystem::remove_all(path("Test/9"));
  expect_error({"Test", "no class folders"});
  std::filesystem::create_directories(path("Test/9"));
  expect_error({"Test", "no .bin files"});
  std::filesystem::create_directories(path("Test/cat"));
  expect_error({"cat", "0..9"});
}

TEST(NmnistFiles, RealDataLoads) {
  const std::string folder = H2_SOURCE_DIR "/../shared/data/nmnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no real data at " << folder;
  const LoadedData data = load_nmnist(folder, 200, 0, 10);
  EXPECT_EQ(data.train.size(), 200U);
  EXPECT_EQ(data.test.size(), 100U);
  const double spikes = std::accumulate(data.train.values.begin(), data.train.values.end(), 0.0);
  const double density = spikes / static_cast<double>(data.train.values.size());
  EXPECT_GT(density, 0.05);
  EXPECT_LT(density, 0.15);
}

}  // namespace
}  // namespace h2
