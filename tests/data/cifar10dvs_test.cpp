// SPDX-License-Identifier: Apache-2.0
#include "platform/data/cifar10dvs.h"

#include <numeric>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

constexpr std::uint64_t kCacheBytes = 1 << 24;
constexpr InputShape kShape{2, 42, 42};
const char* const kHeader = "#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n";

std::string big_endian(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
          static_cast<char>(v)};
}

/// Of the sensor: column, row, bit 0 of the address, time.
std::string event(std::uint32_t column, std::uint32_t row, std::uint32_t bit, std::uint32_t us) {
  return big_endian(row << 8 | column << 1 | bit) + big_endian(us);
}

class Cifar10Dvs : public FolderTest {
 protected:
  Cifar10Dvs() {
    for (const char* name : {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog",
                             "horse", "ship", "truck"}) {
      for (const int number : {0, 1, 2, 10}) {
        write(std::string(name) + "/cifar10_" + name + "_" + std::to_string(number) + ".aedat",
              kHeader + event(10, 20, 0, 1000 + static_cast<std::uint32_t>(number)));
      }
    }
  }
  LoadedData load(int timesteps = 2, InputShape input = kShape) const {
    return load_cifar10dvs({"cifar10dvs", folder_.string(), 0, 0, {}, kCacheBytes}, input,
                           timesteps);
  }
  void expect_error(std::initializer_list<const char*> parts) const {
    expect_input_error([this] { load(); }, parts);
  }
};

std::size_t at(int t, int polarity, int y, int x) {
  return ((static_cast<std::size_t>(t) * 2 + polarity) * 42 + y) * 42 + x;
}

TEST_F(Cifar10Dvs, TheLastTenthOfEveryClassIsTheTest) {
  const LoadedData data = load();
  EXPECT_EQ(data.train.size(), 30U);
  EXPECT_EQ(data.test.size(), 10U);
  EXPECT_EQ(data.train.label(0), 0);
  EXPECT_EQ(data.train.label(9), 9);
  EXPECT_EQ(data.train.label(10), 0);
  write("ship/cifar10_ship_10.aedat", kHeader + event(4, 4, 0, 5) + event(4, 4, 0, 9));
  const Dataset test = load().test;
  EXPECT_EQ(std::accumulate(test.sample(8), test.sample(8) + test.sample_size(), 0), 2)
      << "10 comes behind 2";
}

TEST_F(Cifar10Dvs, EventsAreUprightAndShareCoarsePixels) {
  // Begin and end of the time set the windows; 127 - 7 = 120 -> 40, 127 - 100 = 27 -> 9.
  write("airplane/cifar10_airplane_0.aedat", kHeader + event(100, 7, 0, 4000) +
                                                 event(101, 8, 0, 4001) + event(100, 7, 1, 4999) +
                                                 event(0, 0, 1, 4999));
  const Dataset train = load().train;
  const std::uint8_t* sample = train.sample(0);
  EXPECT_EQ(sample[at(0, 1, 9, 40)], 1) << "bit 0 clear: brighter";
  EXPECT_EQ(sample[at(0, 1, 8, 39)], 1) << "119 -> 39, 26 -> 8";
  EXPECT_EQ(sample[at(1, 0, 9, 40)], 1) << "second window, darker";
  EXPECT_EQ(std::accumulate(sample, sample + train.sample_size(), 0), 3)
      << "pixel 127 is beyond 126";
  const Dataset fine = load(1, {2, 128, 128}).train;
  EXPECT_EQ(fine.sample(0)[128 * 128 + 27 * 128 + 120], 1);
}

TEST_F(Cifar10Dvs, StrangeFoldersAreReported) {
  write("__MACOSX/airplane/x.aedat", "");
  const LoadedData data = load();
  ASSERT_EQ(data.train.remarks.size(), 1U);
  EXPECT_THAT(data.train.remarks[0], ::testing::HasSubstr("__MACOSX: is no class folder"));
  std::filesystem::remove_all(path("frog"));
  EXPECT_THAT(load().train.remarks, ::testing::Contains(::testing::HasSubstr("of class frog")));
}

TEST_F(Cifar10Dvs, DamageIsNamed) {
  const std::string file = "deer/cifar10_deer_1.aedat";
  write(file, "PK" + event(1, 1, 0, 0));
  expect_error({"deer_1.aedat", "does not begin"});
  write(file, "#!AER-DAT3.1\r\n" + event(1, 1, 0, 0));
  expect_error({"deer_1.aedat", "is AEDAT 3", "legal: 2.0"});
  write(file, kHeader);
  expect_error({"deer_1.aedat", "holds no events"});
  write(file, kHeader + event(1, 1, 0, 0) + "abc");
  expect_error({"deer_1.aedat", "11 bytes behind the header"});
  write(file, kHeader + event(1, 1, 0, 0) + big_endian(0x8000) + big_endian(1));
  expect_error({"deer_1.aedat: event 1", "15 bits"});
  expect_input_error([&] { load(2, {3, 42, 42}); }, {"network.input", "2 channels"});
}

}  // namespace
}  // namespace h2
