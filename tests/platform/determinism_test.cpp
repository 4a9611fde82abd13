// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/config/config_files.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

/// The bytes that a run leaves.
struct Bytes {
  std::string summary, vcd;
  std::vector<std::vector<std::uint8_t>> weights;
};

class Determinism : public ConfigFiles {
 protected:
  Bytes run(int threads, const Sets& sets = {}) const {
    Sets all{{"trace.vcd.enable", "true"}, {"trace.vcd.level", "bursts"}};
    all.insert(all.end(), sets.begin(), sets.end());
    Platform::Options options;
    options.threads = threads;
    const std::string vcd = (folder_ / "trace.vcd").string();
    TrainingRun done = train(tiny_config(all), options, vcd);
    return {done.summary, read_text(vcd), done.record.weights};
  }
};

void expect_equal(const Bytes& a, const Bytes& b) {
  EXPECT_EQ(a.summary, b.summary);
  EXPECT_TRUE(a.weights == b.weights);
  EXPECT_TRUE(a.vcd == b.vcd) << a.vcd.size() << " and " << b.vcd.size() << " bytes";
}

TEST_F(Determinism, SecondRunGivesTheSameBytes) {
  const Bytes first = run(1);
  EXPECT_GT(first.vcd.size(), 10000U);
  expect_equal(first, run(1));
}

TEST_F(Determinism, ThreadsDoNotChangeAByte) {
  const Sets sets{{"engines.forward.cols", "8"}, {"tile.height", "5"}, {"tile.width", "5"}};
  const Bytes one = run(1, sets);
  expect_equal(one, run(2, sets));
  expect_equal(one, run(3, sets));
}

TEST_F(Determinism, DataflowChangesTheTimeAlone) {
  const Sets sets{{"tile.height", "5"}, {"tile.width", "5"}};
  const Bytes one = run(1, sets);
  Sets other = sets;
  other.push_back({"dataflow.halo", "free"});
  const Bytes two = run(1, other);
  EXPECT_TRUE(one.weights == two.weights);
  EXPECT_NE(one.summary, two.summary);
}

TEST_F(Determinism, SeedChangesTheBytes) {
  const Bytes first = run(1), other = run(1, {{"training.seed", "2"}});
  EXPECT_FALSE(first.weights == other.weights);
  EXPECT_NE(first.summary, other.summary);
  EXPECT_FALSE(first.vcd == other.vcd);
}

}  // namespace
}  // namespace h2
