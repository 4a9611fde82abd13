// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// profile: densities for runs without data, one number per layer, or one for all.
struct ProfileConfig {
  std::vector<double> spike_density{0.15};
  std::vector<double> mask_density{0.25};
  std::vector<double> gradient_density{0.25};
  bool clustered_by_sample = false;  ///< clustering: sample
  double sample_fraction = 0.5;
  std::uint64_t samples = 0;      ///< of one epoch, for epoch_seconds
  std::uint64_t sub_batches = 0;  ///< simulated; 0 = two batch groups
  std::string masks;              ///< folder of real masks, empty = drawn
};

}  // namespace h2
