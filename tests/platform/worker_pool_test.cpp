#include "modules/engine/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace h2 {
namespace {

class Pool : public testing::TestWithParam<int> {};

TEST_P(Pool, EveryPartIsDoneOnce) {
  WorkerPool pool(GetParam());
  for (int parts = 0; parts < 9; ++parts) {
    std::vector<std::atomic<int>> calls(parts);
    pool.share(parts, [&](int part) { ++calls[part]; });
    for (const auto& n : calls) EXPECT_EQ(n, 1);
  }
}

/// As the engines do: jobs that share, more of them than threads.
TEST_P(Pool, WorkMayShareWhatItDoes) {
  WorkerPool pool(GetParam());
  std::atomic<int> calls{0};
  std::vector<std::future<void>> jobs;
  for (int job = 0; job < 200; ++job) {
    jobs.push_back(
        pool.run([&] { pool.share(3, [&](int) { pool.share(2, [&](int) { ++calls; }); }); }));
  }
  for (auto& job : jobs) job.get();
  EXPECT_EQ(calls, 200 * 3 * 2);
}

TEST_P(Pool, WhatAPartThrowsArrivesAfterAllAreDone) {
  WorkerPool pool(GetParam());
  std::atomic<int> calls{0};
  const auto work = [&](int part) {
    ++calls;
    if (part == 1) throw std::runtime_error("part 1");
  };
  EXPECT_THROW(pool.run([&] { pool.share(4, work); }).get(), std::runtime_error);
  EXPECT_EQ(calls, 4);
}

INSTANTIATE_TEST_SUITE_P(Threads, Pool, testing::Values(1, 2, 3, 5));

}  // namespace
}  // namespace h2
