// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/config/config.h"
#include "platform/data/dataset.h"
#include "platform/data/rate_coder.h"

namespace h2 {

/// Samples as the driver takes them: those of the data set, or spikes made of them
/// (dataset.coding: rate, first_spike).
class SampleFeed {
 public:
  explicit SampleFeed(const Config& config);

  /// Valid until the slot is used again.
  const std::uint8_t* take(const Dataset& set, const RateCoder::Draw& draw, std::size_t slot);

 private:
  const PixelCoding coding_;
  const std::size_t pixels_;
  const int timesteps_;
  const RateCoder rate_;
  std::vector<std::vector<std::uint8_t>> made_;  // by slot
};

}  // namespace h2
