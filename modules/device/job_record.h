// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "modules/arithmetic/range_count.h"
#include "modules/contract/h2_contract.h"
#include "modules/device/event_counts.h"
#include "modules/tensor/density.h"

namespace h2 {

/// busy + stall + idle = elapsed, at any time, in core cycles.
struct EngineStats {
  std::uint64_t busy_cycles = 0;   ///< compute
  std::uint64_t stall_cycles = 0;  ///< a job is open and the array waits for memory
  std::uint64_t idle_cycles = 0;   ///< no job

  EngineStats operator-(const EngineStats& o) const {
    return {busy_cycles - o.busy_cycles, stall_cycles - o.stall_cycles,
            idle_cycles - o.idle_cycles};
  }
  EngineStats operator+(const EngineStats& o) const {
    return {busy_cycles + o.busy_cycles, stall_cycles + o.stall_cycles,
            idle_cycles + o.idle_cycles};
  }
};

/// What one job cost; times in core cycles.
struct JobRecord {
  std::string layer;
  int layer_index = 0;
  std::uint64_t start_cycle = 0;
  std::uint64_t cycles = 0;                         ///< start to last store
  std::uint64_t compute_cycles = 0;                 ///< the array works
  std::uint64_t memory_cycles = 0;                  ///< a load or a store is under way
  std::uint64_t fill_cycles = 0, drain_cycles = 0;  ///< parts of compute_cycles
  /// The array waits for operands, or for room or the end of stores: the rest of `cycles`.
  std::uint64_t load_stall_cycles = 0, store_stall_cycles = 0;
  std::uint64_t wait_cycles = 0;  ///< no job before this one: descriptors and dependences
  std::uint64_t macs = 0, executed_macs = 0;
  std::uint64_t bytes = 0;           ///< loaded and stored, charged
  std::uint64_t repeated_bytes = 0;  ///< of them, read before by the same job
  std::uint64_t mem2_bytes = 0;      ///< of them, in Mem2
  EventCounts events;                ///< of the accelerator's list
  std::uint32_t error = H2_OK;
  RangeCount range;
  LayerDensities densities;  ///< of the results, tensors of layer `result_layer`
  int result_layer = 0;
  bool element_wise = false;  ///< of batch norm
};

/// One layer's job of one sub-batch, for the summary.
struct LayerRecord {
  JobRecord job;
  int engine = 0;  ///< index in the accelerator's list of engines
  std::uint8_t opcode = 0;
  std::uint16_t samples = 0;
  std::uint64_t sub_batch = 0;  ///< running number
};

}  // namespace h2
