// SPDX-License-Identifier: Apache-2.0
#include "platform/host/sample_feed.h"

#include "platform/data/first_spike_code.h"

namespace h2 {

SampleFeed::SampleFeed(const Config& config)
    : coding_(config.dataset.coding),
      pixels_(static_cast<std::size_t>(config.network.input.channels) *
              config.network.input.height * config.network.input.width),
      timesteps_(config.network.timesteps),
      rate_(pixels_, timesteps_, config.training.seed) {}

const std::uint8_t* SampleFeed::take(const Dataset& set, const RateCoder::Draw& draw,
                                     std::size_t slot) {
  const std::uint8_t* sample = set.sample(draw.sample);
  if (coding_ == PixelCoding::direct) return sample;
  if (made_.size() <= slot) made_.resize(slot + 1);
  if (coding_ == PixelCoding::rate) {
    rate_.spikes(sample, draw, made_[slot]);
  } else {
    code_first_spikes(sample, pixels_, timesteps_, made_[slot]);
  }
  return made_[slot].data();
}

}  // namespace h2
