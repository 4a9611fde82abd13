// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/memory_timing.h"

#include "memory/dram/dram_memory.h"
#include "memory/dram/ideal_memory.h"

namespace h2 {

std::unique_ptr<MemoryTiming> make_memory_timing(const MemorySpec& spec, BurstService service) {
  if (spec.ideal) return std::make_unique<IdealMemory>(spec.ideal_timing);
  return std::make_unique<DramMemory>(spec.dram, spec.bytes, service);
}

}  // namespace h2
