// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "memory/bus/transfer.h"
#include "platform/config/fit.h"

namespace h2 {

/// One job of the schedule without memory stalls.
struct JobEstimate {
  int engine = 0;  ///< in the order of engines_of()
  int layer = 0;   ///< index of the layer that owns the weights
  std::string
      pass;  ///< forward, backward, grad (of the last layer), weight_update, update; norm_forward..
  bool grad = false;     ///< the last layer's Grad on H2Learn
  bool norm = false;     ///< the element-wise pass of batch norm
  bool grouped = false;  ///< mean of a group whose weight gradient is computed once
  std::uint64_t cycles = 0;
  std::uint64_t bytes = 0;  ///< loads and stores, charged
  std::uint64_t mem2_reads = 0, mem2_writes = 0;
  /// Loads by tensor, charged.
  std::array<std::uint64_t, static_cast<std::size_t>(TensorKind::count)> loads{};
};

/// One training sub-batch and its update without memory stalls, added up from the chunks of the
/// jobs that the card's schedule makes, with drawn masks. It adds to the gradients of a sub-batch
/// before it, if groups have several.
struct Estimate {
  std::vector<JobEstimate> jobs, updates;
  std::vector<std::uint64_t> compute_cycles;  ///< by engine, in the order of engines_of()
  std::vector<std::uint64_t> bytes;           ///< the same, loads and stores, charged
  std::uint64_t update_bytes = 0;             ///< optimiser step, once per batch group

  /// A batch group takes no less, divided by its sub-batches: each engine does its jobs one after
  /// the other, a job takes its array's cycles or its bytes at the peak of their memory, the
  /// engines behind the forward pass begin after the first one, the first layer's weight gradient
  /// and the update come last, and nothing moves faster than Mem0..2 together. On many cores: no
  /// less than the busiest engine, or than all bytes take.
  double cycles_per_sub_batch(const Config& config) const;

 private:
  double cycles_in_turn(const Config& config) const;
  double cycles_at_once(const Config& config) const;
};

/// `device`: of place_network().
Estimate estimate_sub_batch(const Config& config, const h2_device& device);

}  // namespace h2
