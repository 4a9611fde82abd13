#pragma once

#include <array>
#include <cstdint>

#include "platform/config/config.h"
#include "platform/driver/h2_driver.h"

namespace h2 {

/// One training sub-batch without memory stalls, added up from the jobs' chunks with drawn masks.
struct Estimate {
  std::array<std::uint64_t, 3> compute_cycles{};  ///< FE, BE, WUE
  std::array<std::uint64_t, 3> bytes{};           ///< the same, loads and stores, charged
  std::uint64_t update_bytes = 0;                 ///< optimiser step, once per batch group

  /// Engines overlap: the longest sets the pace; nothing moves faster than Mem0..2 together.
  double cycles_per_sub_batch(const Config& config) const;
};

/// `device`: a driver that has placed the configured network.
Estimate estimate_sub_batch(const Config& config, const h2_device& device);

}  // namespace h2
