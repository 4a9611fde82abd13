// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "memory/dram/dram_memory.h"

namespace h2 {

struct Arrival {
  Picoseconds time;
  MemoryRequest request;
};

/// Id to times of acceptance and completion.
using Times = std::map<std::uint64_t, std::pair<Picoseconds, Picoseconds>>;

/// Wakes where next_completion() says so, as the memory on the bus does: never too late.
inline Times run(
    DramMemory& memory, const std::vector<Arrival>& arrivals, Picoseconds& now,
    const std::function<void()>& submitted = [] {}) {
  std::vector<MemoryCompletion> completions;
  const auto advance = [&] {
    const std::size_t known = completions.size();
    memory.advance(now, completions);
    for (std::size_t i = known; i < completions.size(); ++i) EXPECT_GE(completions[i].time, now);
  };
  const auto until = [&](Picoseconds end) {
    while (memory.next_completion() < end) {
      now = std::max(now, memory.next_completion());
      advance();
    }
  };
  for (const Arrival& a : arrivals) {
    until(a.time);
    now = a.time;
    advance();
    memory.submit(a.request, now);
    submitted();
  }
  until(now + 100'000'000);
  Times times;
  for (const MemoryCompletion& c : completions) times[c.id] = {c.accepted, c.time};
  return times;
}

}  // namespace h2
