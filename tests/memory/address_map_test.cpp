// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/address_map.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr std::uint64_t kCapacity = 4ULL << 30;

/// An order of the fields, with and without bank_hash.
class MapTest : public ::testing::TestWithParam<std::tuple<const char*, bool>> {
 protected:
  static DramSpec spec_of_case() {
    DramSpec spec;
    spec.address_map = std::get<0>(GetParam());
    spec.bank_hash = std::get<1>(GetParam());
    return spec;
  }
};

TEST_P(MapTest, RoundTrip) {
  DramSpec spec = spec_of_case();
  spec.ranks = 2;
  const AddressMap map(spec, kCapacity);
  std::uint64_t address = 0;
  for (int i = 0; i < 20000; ++i) {
    address = (address * 6364136223846793005ULL + 1442695040888963407ULL) % kCapacity;
    ASSERT_EQ(map.encode(map.decode(address)), address / 64 * 64);
  }
}

TEST_P(MapTest, NoTwoLinesShareAPlace) {
  DramSpec spec = spec_of_case();
  const AddressMap map(spec, 1ULL << 20);
  std::set<std::tuple<int, int, int, std::int64_t, int>> places;
  for (std::uint64_t address = 0; address < 1ULL << 20; address += 64) {
    const DramLocation at = map.decode(address);
    EXPECT_LT(at.channel, spec.channels);
    EXPECT_LT(at.column, 32);
    EXPECT_LT(at.row, map.rows());
    places.insert({at.channel, at.group, at.bank, at.row, at.column});
  }
  EXPECT_EQ(places.size(), (1u << 20) / 64);
}

INSTANTIATE_TEST_SUITE_P(
    Orders, MapTest,
    ::testing::Combine(::testing::Values("row-rank-bank-column-bankgroup-channel",
                                         "row-bank-bankgroup-rank-column-channel",
                                         "rank-row-channel-bank-bankgroup-column",
                                         "channel-bankgroup-bank-row-rank-column"),
                       ::testing::Bool()));

TEST(AddressMap, DefaultDealsLinesOverChannelsThenGroups) {
  const AddressMap map(DramSpec{}, kCapacity);
  EXPECT_EQ(map.decode(64).channel, 1);
  EXPECT_EQ(map.decode(4 * 64).group, 1);
  EXPECT_EQ(map.decode(16 * 64).column, 1);
  EXPECT_EQ(map.decode(16 * 2048).bank, 1);
  EXPECT_EQ(map.decode(64 * 2048).row, 1);
  EXPECT_EQ(map.rows(), 32768);
  EXPECT_TRUE(map.interleaves_groups());
}

TEST(AddressMap, KnowsWhenGroupsDoNotInterleave) {
  DramSpec spec;
  spec.address_map = "row-rank-bank-bankgroup-column-channel";
  EXPECT_FALSE(AddressMap(spec, kCapacity).interleaves_groups());
  spec.bank_groups = 1;
  spec.address_map = "row-rank-bank-column-bankgroup-channel";
  EXPECT_FALSE(AddressMap(spec, kCapacity).interleaves_groups());
}

TEST(AddressMap, HashSpreadsRowsAtAnyDistance) {
  DramSpec spec;
  const AddressMap plain(spec, kCapacity);
  spec.bank_hash = true;
  const AddressMap map(spec, kCapacity);
  constexpr std::uint64_t kRowOfAllBanks = 128 << 10;
  for (std::uint64_t step = kRowOfAllBanks; step <= kCapacity / 32; step *= 2) {
    std::set<int> banks, plain_banks;
    for (std::uint64_t i = 0; i < 16; ++i) {
      const DramLocation at = map.decode(i * step), was = plain.decode(i * step);
      EXPECT_EQ(at.row, was.row);
      EXPECT_EQ(at.channel, was.channel);
      banks.insert(4 * at.group + at.bank);
      plain_banks.insert(4 * was.group + was.bank);
    }
    EXPECT_EQ(plain_banks.size(), 1U) << step;
    EXPECT_EQ(banks.size(), 16U) << step;
  }
}

TEST(AddressMap, LinesInTurnAreWhereTheirAddressesAre) {
  for (const int channels : {4, 12}) {
    for (const bool hash : {false, true}) {
      DramSpec spec;
      spec.ranks = 2;
      spec.channels = channels;
      spec.bank_hash = hash;
      const std::uint64_t bytes = channels == 12 ? 3 * kCapacity : kCapacity;
      const AddressMap map(spec, bytes);
      for (const std::uint64_t from : {std::uint64_t{0}, bytes / 64 - 5000}) {
        std::uint64_t line = from;
        map.for_each_line(from, 5000, [&](const LinePlace& place) {
          const DramLocation at = map.decode(64 * line++);
          ASSERT_EQ(place.bank, (at.rank * 4 + at.group) * 4 + at.bank);
          ASSERT_EQ(place.row, at.row);
          ASSERT_EQ(static_cast<int>(place.channel), at.channel);
        });
        EXPECT_EQ(line, from + 5000);
      }
    }
  }
}

TEST(AddressMap, BadInputNamesTheFault) {
  const auto message = [](auto change) {
    DramSpec spec;
    std::uint64_t capacity = kCapacity;
    change(spec, capacity);
    try {
      const AddressMap map(spec, capacity);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  using Spec = DramSpec&;
  using Bytes = std::uint64_t&;
  EXPECT_NE(message([](Spec s, Bytes) { s.address_map = "row-lane-bank"; }).find("'lane'"),
            std::string::npos);
  EXPECT_NE(message([](Spec s, Bytes) {
              s.address_map = "row-rank-bank-column-bankgroup-row";
            }).find("repeated"),
            std::string::npos);
  EXPECT_NE(message([](Spec s, Bytes) { s.address_map = "row-channel"; }).find("each of row, rank"),
            std::string::npos);
  EXPECT_NE(message([](Spec s, Bytes) { s.channels = 3; }).find("channels = 3"), std::string::npos);
  EXPECT_NE(message([](Spec, Bytes b) { b = 3000000000; }).find("power of two"), std::string::npos);
  EXPECT_NE(message([](Spec, Bytes b) { b = 65536; }).find("less than one row"), std::string::npos);
}

}  // namespace
}  // namespace h2
