// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus/probe.h"
#include "memory/external_memory.h"
#include "modules/device/job_record.h"

namespace h2 {

/// All that a board of one node counts. A run may take several boards, one after another: each goes
/// on where the one before ended.
struct BoardCounts {
  std::uint64_t cycle = 0;        ///< of simulated time
  std::uint64_t sub_batches = 0;  ///< running number of the next one
  std::vector<EngineStats> engines;
  std::vector<EventCounts> events;  ///< by engine
  std::vector<ExternalMemory::Counts> memories;
  std::vector<Probe::Stats> probes;
  std::uint64_t interrupts = 0, register_reads = 0, register_writes = 0;
};

}  // namespace h2
