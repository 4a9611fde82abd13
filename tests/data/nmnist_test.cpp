// SPDX-License-Identifier: Apache-2.0
#include "platform/data/nmnist.h"

#include <algorithm>
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

constexpr std::uint64_t kCacheBytes = 1 << 20;

class Nmnist : public FolderTest {
 protected:
  Nmnist() {
    write("Train/3/b.bin", event(1, 1, 0, 0) + event(32, 32, 1, 100000));
    write("Train/3/a.bin", event(5, 6, 1, 99));
    write("Train/0/z.bin", event(5, 6, 1, 99));
    write("Test/9/c.bin", event(7, 8, 0, 3));
  }
  LoadedData load(std::uint64_t limit = 0, int timesteps = 10) const {
    DatasetConfig config = config_;
    config.path = folder_.string();
    config.train_limit = limit;
    config.cache_bytes = kCacheBytes;
    return load_nmnist(config, {2, 32, 32}, timesteps);
  }
  void expect_error(std::initializer_list<const char*> parts) const {
    expect_input_error([this] { load(); }, parts);
  }
  DatasetConfig config_;
};

TEST_F(Nmnist, OrdersOneOfEachClassInTurn) {
  const LoadedData data = load();
  EXPECT_EQ(data.train.labels, (std::vector<std::uint16_t>{0, 3, 3}));
  EXPECT_EQ(data.test.labels, std::vector<std::uint16_t>{9});
  EXPECT_EQ(load(2).train.labels, (std::vector<std::uint16_t>{0, 3}));
  EXPECT_EQ(data.train.sample(1)[at(0, 1, 5, 4)], 1) << "a.bin comes before b.bin";
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
  // From 5000 to 5999 us: 1000 us in 4 windows of 250.
  write("Train/0/z.bin",
        event(8, 8, 1, 5000) + event(2, 2, 0, 5249) + event(3, 3, 0, 5250) + event(4, 4, 0, 5999));
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

TEST_F(Nmnist, TheWholeSensorHasItsRing) {
  const LoadedData data =
      load_nmnist({"nmnist", folder_.string(), 0, 0, {}, kCacheBytes}, {2, 34, 34}, 1);
  EXPECT_EQ(data.train.sample(2)[34 * 1 + 1], 1) << "pixel (1,1), off";
  EXPECT_EQ(data.train.sample(2)[34 * 34 + 34 * 32 + 32], 1) << "pixel (32,32), on";
  expect_input_error(
      [&] {
        load_nmnist({"nmnist", folder_.string(), 0, 0, {}, kCacheBytes}, {2, 33, 33}, 1);
      },
      {"2x33x33", "2x34x34", "2x32x32"});
}

TEST_F(Nmnist, WindowsOfOneLengthLeaveTheRestOut) {
  write("Train/0/z.bin",
        event(8, 8, 1, 5000) + event(2, 2, 0, 5099) + event(3, 3, 0, 5100) + event(4, 4, 0, 5999));
  config_.window_us = 100;
  const Dataset train = load(0, 2).train;
  EXPECT_EQ(train.sample(0)[at(0, 0, 1, 1)], 1);
  EXPECT_EQ(train.sample(0)[at(1, 0, 2, 2)], 1);
  EXPECT_EQ(std::accumulate(train.sample(0), train.sample(0) + train.sample_size(), 0), 3);
  EXPECT_THAT(train.remarks, ::testing::Contains(::testing::HasSubstr("last window of 100 us")));
}

TEST_F(Nmnist, WindowsByCountHoldEquallyManyEvents) {
  // Five events inside the ring in two windows: three and two, whatever their times.
  write("Train/0/z.bin", event(1, 1, 0, 10) + event(0, 0, 0, 10) + event(2, 2, 0, 11) +
                             event(3, 3, 0, 12) + event(4, 4, 0, 9000) + event(5, 5, 0, 9001));
  config_.windows = EventWindows::count;
  const Dataset train = load(0, 2).train;
  for (const auto& [t, pixel] : {std::pair{0, 0}, {0, 1}, {0, 2}, {1, 3}, {1, 4}})
    EXPECT_EQ(train.sample(0)[at(t, 0, pixel, pixel)], 1) << pixel;
}

TEST_F(Nmnist, CountsPerPolarityArePixels) {
  std::string many;
  for (unsigned i = 0; i < 300; ++i) many += event(2, 2, 1, i);
  write("Train/0/z.bin", many + event(3, 3, 0, 400) + event(3, 3, 0, 401));
  config_.events = EventValues::counts;
  const Dataset train = load().train;
  EXPECT_EQ(train.input_steps, 0);
  EXPECT_EQ(train.sample_size(), 2U * 32 * 32);
  EXPECT_EQ(train.sample(0)[at(0, 1, 1, 1)], 255);
  EXPECT_EQ(train.sample(0)[at(0, 0, 2, 2)], 2);
  EXPECT_THAT(train.remarks, ::testing::Contains(::testing::HasSubstr("45 of 305 events")));
}

TEST_F(Nmnist, WhatIsLeftOutIsSaid) {
  write("Train/0/z.bin", event(0, 5, 0, 0) + event(9, 9, 0, 4) + event(0, 240, 0, 0));
  write("__MACOSX/x", "");
  write("Train/__MACOSX/._z.bin", "x");
  write("Train/0/._z.bin", "x");
  const LoadedData data = load();
  const auto says = [&](const char* text) {
    EXPECT_THAT(data.train.remarks, ::testing::Contains(::testing::HasSubstr(text)));
  };
  says("Train: no files of class 1 2 4 5 6 7 8 9");
  says("__MACOSX: is no class folder");
  says("1 files whose names begin with a dot");
  says("1 of 5 events lie outside");
  says("1 entries are overflows");
}

TEST_F(Nmnist, OverflowsOfTheClockAreNoEvents) {
  // 100 us, an overflow, 100 us: 8,192 us apart, in different halves.
  write("Train/0/z.bin", event(2, 2, 0, 100) + event(0, 240, 0, 0) + event(3, 3, 0, 100));
  const Dataset train = load(0, 2).train;
  EXPECT_EQ(std::accumulate(train.sample(0), train.sample(0) + train.sample_size(), 0), 2);
  EXPECT_EQ(train.sample(0)[at(0, 0, 1, 1)], 1);
  EXPECT_EQ(train.sample(0)[at(1, 0, 2, 2)], 1);
}

TEST_F(Nmnist, WhatDoesNotFitTheCacheIsReadAgain) {
  const LoadedData all = load(),
                   none = load_nmnist({"nmnist", folder_.string(), 0, 0, {}, 0}, {2, 32, 32}, 10);
  EXPECT_TRUE(none.train.values.empty());
  none.train.hold(2);
  for (std::size_t i = 0; i < all.train.size(); ++i) {
    const std::uint8_t* one = all.train.sample(i);
    const std::uint8_t* other = none.train.sample(i);
    EXPECT_TRUE(std::equal(one, one + all.train.sample_size(), other)) << i;
  }
  const std::uint8_t* first = none.train.sample(0);
  const std::uint8_t* second = none.train.sample(1);
  EXPECT_NE(first, second);
  EXPECT_EQ(none.train.sample(2), first) << "two are held";
  write("Train/3/a.bin", "abc");
  expect_input_error([&] { none.train.sample(1); }, {"a.bin", "3 bytes"});
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
  expect_error({"Test", "hold no .bin files", "0 to 9"});
  std::filesystem::create_directories(path("Test/cat"));
  expect_error({"Test", "hold no .bin files"});
}

TEST(NmnistFiles, RealDataLoads) {
  const std::string folder = H2_SOURCE_DIR "/../shared/data/nmnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no real data at " << folder;
  const LoadedData data = load_nmnist({"nmnist", folder, 200, 0}, {2, 32, 32}, 10);
  EXPECT_EQ(data.train.size(), 200U);
  EXPECT_EQ(data.test.size(), 100U);
  const double spikes = std::accumulate(data.train.values.begin(), data.train.values.end(), 0.0);
  const double density = spikes / static_cast<double>(data.train.values.size());
  EXPECT_GT(density, 0.05);
  EXPECT_LT(density, 0.15);
}

}  // namespace
}  // namespace h2
