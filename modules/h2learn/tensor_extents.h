// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/arithmetic/update.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/machine.h"

namespace h2 {

/// Where a tensor of the network table lies. `offset` counts from the base of Mem2, or of the
/// sub-batch's Mem0 or Mem1.
struct TensorExtent {
  std::uint64_t offset = 0, bytes = 0;
  std::uint32_t layer = 0;  ///< record of the table, counted from 1
  bool mem2 = false;
  bool weights = false;   ///< engines read them, an update writes them in Mem0 and Mem1
  bool together = false;  ///< one memory holds what is in Mem2 and what is not
};

/// All tensors of all layers. `slots`: of the vectors that grouped layers keep behind grad-w.
std::vector<TensorExtent> tensor_extents(const std::vector<PlacedLayer>& layers,
                                         const Machine& machine, int sub_batch, int timesteps,
                                         Optimizer optimizer, int slots);

/// Alignment, memory size and overlaps. Returns an h2_error and the record it is found in.
std::uint32_t check_extents(const std::vector<TensorExtent>& extents, std::uint64_t memory_bytes,
                            std::uint32_t& layer);

/// True if a tensor in that memory has bytes in common with the range.
bool touches(const std::vector<TensorExtent>& extents, bool mem2, std::uint64_t offset,
             std::uint64_t bytes);

}  // namespace h2
