// SPDX-License-Identifier: Apache-2.0
#include "platform/data/rate_coder.h"

#include "modules/base/rng.h"

namespace h2 {

void RateCoder::spikes(const std::uint8_t* sample, const Draw& draw,
                       std::vector<std::uint8_t>& to) const {
  to.resize(pixels_ * static_cast<std::size_t>(timesteps_));
  // Epochs count from 0; the numbers of a test are those of no epoch.
  const std::uint64_t round = draw.test ? 0xFFFFFFFFU : draw.epoch;
  CounterRng random(seed_, RandomStream::rate_code, round << 32 | draw.sample);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (i % 4 == 0) bits = random.next();
    to[i] = (bits & 0xFF) < sample[i % pixels_] ? 1 : 0;
    bits >>= 8;
  }
}

}  // namespace h2
