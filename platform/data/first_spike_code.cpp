// SPDX-License-Identifier: Apache-2.0
#include "platform/data/first_spike_code.h"

namespace h2 {

void code_first_spikes(const std::uint8_t* sample, std::size_t pixels, int timesteps,
                       std::vector<std::uint8_t>& to) {
  to.assign(pixels * static_cast<std::size_t>(timesteps), 0);
  for (std::size_t i = 0; i < pixels; ++i) {
    if (sample[i] == 0) continue;
    to[static_cast<std::size_t>((255 - sample[i]) * timesteps / 256) * pixels + i] = 1;
  }
}

}  // namespace h2
