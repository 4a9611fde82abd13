// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/progress.h"

#include <gtest/gtest.h>

namespace h2 {
namespace {

Training::Status at(std::uint64_t trained, std::uint64_t of, std::uint64_t tested,
                    std::uint64_t test_of) {
  Training::Status s;
  s.sub_batches = trained;
  s.of = of;
  s.test_sub_batches = tested;
  s.test_of = test_of;
  return s;
}

TEST(Progress, TimeLeftCountsTests) {
  // 2 s per sub-batch, a test's taken as a third of it before the first one.
  EXPECT_DOUBLE_EQ(Progress::seconds_left(at(10, 40, 0, 30), 20, 0), 60 + 20);
  EXPECT_DOUBLE_EQ(Progress::seconds_left(at(20, 40, 10, 30), 40, 5), 40 + 10);
  EXPECT_DOUBLE_EQ(Progress::seconds_left(at(40, 40, 10, 30), 80, 5), 10);
  EXPECT_DOUBLE_EQ(Progress::seconds_left(at(40, 40, 30, 30), 80, 15), 0);
}

/// From epoch to epoch and from training to test it goes on from where it was.
TEST(Progress, TimeLeftDoesNotRestart) {
  const double at_end_of_epoch = Progress::seconds_left(at(20, 40, 0, 20), 20, 0);
  const double in_its_test = Progress::seconds_left(at(20, 40, 1, 20), 20, 1.0 / 3);
  EXPECT_NEAR(at_end_of_epoch - in_its_test, 1.0 / 3, 1e-9);
  const double after_its_test = Progress::seconds_left(at(20, 40, 10, 20), 20, 5);
  const double in_next_epoch = Progress::seconds_left(at(21, 40, 10, 20), 21, 5);
  EXPECT_NEAR(after_its_test - in_next_epoch, 1, 1e-9);
}

TEST(Progress, ProfileHasNoTests) {
  EXPECT_DOUBLE_EQ(Progress::seconds_left(at(1, 4, 0, 0), 3, 0), 9);
}

}  // namespace
}  // namespace h2
