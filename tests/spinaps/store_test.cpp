// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/spinaps/nvm_store.h"

namespace h2 {
namespace {

SpinApsMachine store_machine(double failure, int tries) {
  SpinApsMachine m;
  m.arrays = 2;
  m.write_failure = failure;
  m.write_tries = tries;
  return m;
}

TEST(SpinStore, HoldsWhatIsWrittenInTheBitsItHas) {
  for (const int bits : {2, 5, 8}) {
    NvmStore store(store_machine(0, 1));
    store.shape(4, 3, bits);
    const auto most = static_cast<std::int8_t>((1 << (bits - 1)) - 1);
    const std::int8_t row[] = {most, static_cast<std::int8_t>(-most), -1};
    const NvmStore::Write w = store.write(2, row);
    EXPECT_TRUE(w.verified);
    EXPECT_EQ(w.tries, 1);
    EXPECT_EQ(w.bits, 3U * bits);
    for (int c = 0; c < 3; ++c) EXPECT_EQ(store.read(2)[c], row[c]);
    EXPECT_EQ(store.read(1)[0], 0);
  }
}

TEST(SpinStore, WritesAgainWhatDoesNotVerify) {
  NvmStore store(store_machine(0.3, 50));
  store.shape(500, 4, 8);
  const std::int8_t row[] = {127, -127, 85, -85};
  int tries = 0;
  std::uint64_t bits = 0;
  for (int r = 0; r < 500; ++r) {
    const NvmStore::Write w = store.write(r, row);
    ASSERT_TRUE(w.verified);
    for (int c = 0; c < 4; ++c) EXPECT_EQ(store.read(r)[c], row[c]);
    tries += w.tries;
    bits += w.bits;
  }
  EXPECT_GT(tries, 1000);
  // 18 cells turn over in each row, with .3 / .7 more writes for each.
  const double again = static_cast<double>(bits) / 500 - 32;
  EXPECT_NEAR(again, 18 * 0.3 / 0.7, 1.5);
}

TEST(SpinStore, GivesUpWhenTheAttemptsAreUsedUp) {
  NvmStore store(store_machine(1, 3));
  store.shape(1, 1, 8);
  const std::int8_t one = 1;
  const NvmStore::Write w = store.write(0, &one);
  EXPECT_FALSE(w.verified);
  EXPECT_FALSE(w.worn);
  EXPECT_EQ(w.tries, 3);
  // What is there already needs no cell to turn over.
  const std::int8_t zero = 0;
  EXPECT_TRUE(store.write(0, &zero).verified);
}

TEST(SpinStore, CellsWearOut) {
  SpinApsMachine m = store_machine(0, 1);
  m.endurance = 3;
  NvmStore store(m);
  store.shape(2, 1, 8);
  const std::int8_t one = 1;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(store.write(0, &one).worn);
  EXPECT_EQ(store.most_writes(), 3U);
  EXPECT_TRUE(store.write(0, &one).worn);
  EXPECT_FALSE(store.write(1, &one).worn);
}

TEST(SpinStore, ALayoutCountsSlicesAndArraysAndSaysWhatIsTooSmall) {
  SpinApsMachine m;  // 256 rows of 1024 cells
  SpinLayout l = lay_out(m, 6272, 10, 8);
  EXPECT_EQ(l.slices, 12);
  EXPECT_EQ(l.arrays, 3);  // 3072 rows of weights in each
  EXPECT_TRUE(l.refusal.empty());
  m.arrays = 2;
  EXPECT_EQ(lay_out(m, 6272, 10, 8).refusal,
            "spinaps.arrays: 2 of 256 x 1024 cells are too few for 6272 rows of weights, inputs x "
            "tau; legal: 3 or more, or 0");
  EXPECT_TRUE(lay_out(m, 6144, 10, 8).refusal.empty());
  m.columns = 79;
  EXPECT_EQ(lay_out(m, 6272, 10, 8).refusal,
            "spinaps.columns: 79 cells are too few for a row of weights of 10 classes of 8 bits; "
            "legal: 80 or more");
}

}  // namespace
}  // namespace h2
