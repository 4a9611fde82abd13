// SPDX-License-Identifier: Apache-2.0
#include "platform/host/sample_feed.h"

namespace h2 {

SampleFeed::SampleFeed(const Config& config) {
  if (config.dataset.coding == PixelCoding::direct) return;
  const InputShape& in = config.network.input;
  coder_.emplace(static_cast<std::size_t>(in.channels) * in.height * in.width,
                 config.network.timesteps, config.training.seed);
}

const std::uint8_t* SampleFeed::take(const Dataset& set, const RateCoder::Draw& draw,
                                     std::size_t slot) {
  const std::uint8_t* sample = set.sample(draw.sample);
  if (!coder_) return sample;
  if (drawn_.size() <= slot) drawn_.resize(slot + 1);
  coder_->spikes(sample, draw, drawn_[slot]);
  return drawn_[slot].data();
}

}  // namespace h2
