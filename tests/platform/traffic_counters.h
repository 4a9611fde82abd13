// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "platform/platform.h"

namespace h2 {

/// Bytes of engine traffic as three independent counters saw them.
struct Traffic {
  std::uint64_t jobs = 0, ports = 0, memories = 0;
};

inline Traffic engine_traffic(const Platform& platform, std::uint64_t job_bytes) {
  Traffic t;
  t.jobs = job_bytes;
  for (const JobEngine* e : platform.engines()) {
    for (const MemoryPort* port : {&e->load_port, &e->store_port}) {
      t.ports += port->stats().read_bytes + port->stats().write_bytes;
    }
  }
  const auto control = static_cast<std::size_t>(TensorKind::control);
  for (const auto& memory : platform.memories) {
    const ExternalMemory::Stats& s = memory->stats();
    t.memories += s.total_read() + s.total_write() - s.read_bytes[control] - s.write_bytes[control];
  }
  return t;
}

inline void expect_conserved(const Traffic& t) {
  EXPECT_GT(t.jobs, 0U);
  EXPECT_EQ(t.jobs, t.ports);
  EXPECT_EQ(t.ports, t.memories);
}

}  // namespace h2
