// SPDX-License-Identifier: Apache-2.0
#include "modules/device/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
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
  std::vector<std::unique_ptr<WorkerPool::Work>> jobs;
  for (int job = 0; job < 200; ++job) {
    jobs.push_back(
        pool.run([&] { pool.share(3, [&](int) { pool.share(2, [&](int) { ++calls; }); }); }));
  }
  for (auto& job : jobs) job->finish(1);
  EXPECT_EQ(calls, 200 * 3 * 2);
}

TEST_P(Pool, WhatAPartThrowsArrivesAfterAllAreDone) {
  WorkerPool pool(GetParam());
  std::atomic<int> calls{0};
  const auto work = [&](int part) {
    ++calls;
    if (part == 1) throw std::runtime_error("part 1");
  };
  EXPECT_THROW(pool.run([&] { pool.share(4, work); })->finish(1), std::runtime_error);
  EXPECT_EQ(calls, 4);
}

TEST_P(Pool, PartsAreDoneWhenTheyAreAskedFor) {
  WorkerPool pool(GetParam());
  std::vector<std::atomic<int>> calls(100);
  WorkerPool::Work ahead(pool, WorkerPool::Urgency::ahead, 100, [&](int part) { ++calls[part]; });
  for (int end = 7; end <= 100; end += 31) {
    ahead.finish(end);
    for (int part = 0; part < end; ++part) EXPECT_EQ(calls[part], 1);
  }
}

TEST_P(Pool, WorkThatIsGivenUpIsNotUnderWay) {
  WorkerPool pool(GetParam());
  for (int round = 0; round < 100; ++round) {
    std::vector<std::atomic<int>> calls(20);
    WorkerPool::Work(pool, WorkerPool::Urgency::ahead, 20, [&](int part) {
      ++calls[part];
    }).finish(3);
    for (int part = 0; part < 20; ++part) EXPECT_LE(calls[part], 1);
    EXPECT_EQ(calls[0] + calls[1] + calls[2], 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, Pool, testing::Values(1, 2, 3, 5));

}  // namespace
}  // namespace h2
