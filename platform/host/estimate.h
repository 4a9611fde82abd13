// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "platform/config/config.h"
#include "platform/driver/h2_driver.h"

namespace h2 {

/// One training sub-batch without memory stalls, added up from the chunks of the jobs that the
/// card's schedule makes, with drawn masks. It adds to the gradients of a sub-batch before it, if
/// groups have several.
struct Estimate {
  std::vector<std::uint64_t> compute_cycles;  ///< by engine, in the order of h2learn_engines()
  std::vector<std::uint64_t> bytes;           ///< the same, loads and stores, charged
  std::uint64_t update_bytes = 0;             ///< optimiser step, once per batch group

  /// Engines overlap: the longest sets the pace; nothing moves faster than Mem0..2 together.
  double cycles_per_sub_batch(const Config& config) const;
};

/// A driver that has placed the configured network on a card that takes every access. Throws
/// InputError where the network does not fit memory.bytes.
h2_device place_network(const Config& config);

/// `device`: of place_network().
Estimate estimate_sub_batch(const Config& config, const h2_device& device);

}  // namespace h2
