// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace h2 {

/// Turns pixels into spikes: at every timestep a pixel spikes with the probability byte/256, drawn
/// anew for every sample, pixel and timestep.
class RateCoder {
 public:
  /// What samples are drawn for: the same sample gets other spikes in every epoch, and those of a
  /// test are the same in all tests.
  struct Draw {
    std::uint64_t sample = 0;  ///< index in its part of the data set
    std::uint32_t epoch = 0;
    bool test = false;
  };

  RateCoder(std::size_t pixels, int timesteps, std::uint64_t seed)
      : pixels_(pixels), timesteps_(timesteps), seed_(seed) {}

  /// Writes [T][pixels] of 0 and 1.
  void spikes(const std::uint8_t* sample, const Draw& draw, std::vector<std::uint8_t>& to) const;

 private:
  std::size_t pixels_;
  int timesteps_;
  std::uint64_t seed_;
};

}  // namespace h2
