// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/device.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr Clock kStart = 1000;
constexpr std::int64_t kRow = 7;
// Bank numbers: 0 and 1 share a bank group, 4 is in another.
constexpr int kBank = 0, kSameGroup = 1, kOtherGroup = 4;

bool ready(const DramDevice& device, Command command, int bank, Clock at) {
  return device.earliest(command, bank) <= at;
}

/// After `first` in bank 0, `second` in `bank` is possible `distance` clocks later, not before.
struct Pair {
  const char* name;
  Command first, second;
  int bank;
  Clock distance;
};
std::ostream& operator<<(std::ostream& out, const Pair& p) { return out << p.name; }

class PairTest : public ::testing::TestWithParam<Pair> {};

TEST_P(PairTest, NotReadyOneClockBefore) {
  const Pair& p = GetParam();
  DramDevice device{DramSpec{}};
  const bool opens = p.first == Command::activate;
  if (!opens && p.first != Command::refresh) {
    // Rows opened long ago leave only the pair under test.
    device.issue(Command::activate, kBank, kRow, kStart - 500);
    device.issue(Command::activate, kSameGroup, kRow, kStart - 400);
    device.issue(Command::activate, kOtherGroup, kRow, kStart - 300);
  }
  device.issue(p.first, kBank, kRow, kStart);
  EXPECT_FALSE(ready(device, p.second, p.bank, kStart + p.distance - 1));
  EXPECT_TRUE(ready(device, p.second, p.bank, kStart + p.distance));
}

constexpr Command kAct = Command::activate, kPre = Command::precharge, kRd = Command::read,
                  kWr = Command::write, kAll = Command::precharge_all, kRef = Command::refresh;

INSTANTIATE_TEST_SUITE_P(
    Hbm2, PairTest,
    ::testing::Values(
        Pair{"tRCD_read", kAct, kRd, kBank, 14}, Pair{"tRCD_write", kAct, kWr, kBank, 14},
        Pair{"tRAS", kAct, kPre, kBank, 34}, Pair{"tRAS_all", kAct, kAll, kBank, 34},
        Pair{"tRC", kAct, kAct, kBank, 48}, Pair{"tRC_refresh", kAct, kRef, 0, 48},
        Pair{"tRRD_L", kAct, kAct, kSameGroup, 6}, Pair{"tRRD_S", kAct, kAct, kOtherGroup, 4},
        Pair{"tRP", kPre, kAct, kBank, 14}, Pair{"tRP_refresh", kPre, kRef, 0, 14},
        Pair{"tRP_all", kAll, kAct, kOtherGroup, 14}, Pair{"tCCD_L", kRd, kRd, kSameGroup, 2},
        Pair{"tCCD_S", kRd, kRd, kOtherGroup, 2}, Pair{"tCCD_write", kWr, kWr, kSameGroup, 2},
        Pair{"read_to_write", kRd, kWr, kOtherGroup, 14}, Pair{"tWTR_L", kWr, kRd, kSameGroup, 14},
        Pair{"tWTR_S", kWr, kRd, kOtherGroup, 12}, Pair{"tRTP", kRd, kPre, kBank, 5},
        Pair{"tRTP_all", kRd, kAll, 0, 5}, Pair{"tWR", kWr, kPre, kBank, 22},
        Pair{"tWR_all", kWr, kAll, 0, 22}, Pair{"tRFC", kRef, kAct, kSameGroup, 260},
        Pair{"command_bus", kRd, kPre, kSameGroup, 1}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DramDevice, FifthActivateWaitsForTfaw) {
  DramDevice device{DramSpec{}};
  for (int i = 0; i < 4; ++i) device.issue(Command::activate, i * 4, kRow, kStart + i * 4);
  EXPECT_FALSE(ready(device, Command::activate, 1, kStart + 29));
  EXPECT_TRUE(ready(device, Command::activate, 1, kStart + 30));
  device.issue(Command::activate, 1, kRow, kStart + 30);
  EXPECT_FALSE(ready(device, Command::activate, 5, kStart + 33)) << "tFAW from the second is over";
  EXPECT_TRUE(ready(device, Command::activate, 5, kStart + 34));
}

TEST(DramDevice, RefusesAColumnGapShorterThanTheBurst) {
  DramSpec spec;
  spec.data_bits = 32;
  spec.burst_length = 16;
  EXPECT_THROW(DramDevice{spec}, InputError);
  spec.tccd_s = spec.tccd_l = 8;
  DramDevice device{spec};
  device.issue(Command::activate, kBank, kRow, 0);
  device.issue(Command::read, kBank, kRow, kStart);
  EXPECT_EQ(device.earliest(Command::read, kBank), kStart + 8);
}

TEST(DramDevice, RankSwitchCostsABubbleUnlessBothAreWrites) {
  DramSpec spec;
  spec.ranks = 2;
  DramDevice device{spec};
  const int other_rank = 16;
  device.issue(Command::activate, kBank, kRow, 0);
  device.issue(Command::activate, other_rank, kRow, 4);
  device.issue(Command::read, kBank, kRow, kStart);
  EXPECT_EQ(device.earliest(Command::read, other_rank), kStart + 4);
  device.issue(Command::write, kBank, kRow, kStart + 100);
  EXPECT_EQ(device.earliest(Command::write, other_rank), kStart + 102) << "one driver";
  EXPECT_EQ(device.earliest(Command::read, other_rank), kStart + 101) << "no tWTR between ranks";
}

TEST(DramDevice, RunOfColumnsCountsFromItsLast) {
  DramDevice device{DramSpec{}};
  device.issue(Command::activate, kBank, kRow, 0);
  device.issue(Command::activate, kSameGroup, kRow, 6);
  device.issue(Command::read, kBank, kRow, kStart, 8, 2);
  EXPECT_EQ(device.earliest(Command::read, kSameGroup), kStart + 16);
  EXPECT_EQ(device.earliest(Command::precharge, kBank), kStart + 14 + 5);
  EXPECT_EQ(device.earliest(Command::precharge, kSameGroup), kStart + 1);
}

TEST(DramDevice, TracksOpenRows) {
  DramDevice device{DramSpec{}};
  EXPECT_TRUE(device.all_closed());
  device.issue(Command::activate, 3, kRow, 0);
  EXPECT_EQ(device.open_row(3), kRow);
  device.issue(Command::precharge, 3, 0, 50);
  EXPECT_EQ(device.open_row(3), DramDevice::kClosed);
  device.issue(Command::activate, 3, kRow, 100);
  device.issue(Command::precharge_all, 0, 0, 200);
  EXPECT_TRUE(device.all_closed());
}

TEST(DramSpecCheck, NamesTheParameter) {
  const auto message = [](auto change) {
    DramSpec spec;
    change(spec);
    try {
      DramDevice device{spec};
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message([](DramSpec& s) { s.tras = 0; }).find("tras"), std::string::npos);
  EXPECT_NE(message([](DramSpec& s) { s.trrd_l = 3; }).find("trrd_l"), std::string::npos);
  EXPECT_NE(message([](DramSpec& s) { s.tck_ns = 0; }).find("tck_ns"), std::string::npos);
  EXPECT_NE(message([](DramSpec& s) { s.burst_length = 8; }).find("burst_length"),
            std::string::npos);
  EXPECT_NE(message([](DramSpec& s) { s.trefi = 200; }).find("trefi"), std::string::npos);
  EXPECT_NE(message([](DramSpec& s) { s.ranks = 8; }).find("ranks"), std::string::npos);
  EXPECT_EQ(message([](DramSpec&) {}), "");
}

}  // namespace
}  // namespace h2
