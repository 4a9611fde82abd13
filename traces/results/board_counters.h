#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus/probe.h"
#include "memory/external_memory.h"

namespace h2 {

/// What is read of the board after a run.
struct BoardCounters {
  std::vector<const ExternalMemory*> memories;
  std::vector<const Probe*> probes;
  std::uint64_t interrupts = 0, register_reads = 0, register_writes = 0;
};

}  // namespace h2
