// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/base/rng.h"
#include "modules/spinaps/spinaps_machine.h"

namespace h2 {

/// Spikes of one sample: at each step the inputs that spike, ascending.
struct GlmSpikes {
  int inputs = 0;
  std::vector<std::vector<std::uint16_t>> steps;

  std::size_t count() const;
};

/// Pixels 0..255 as spikes of `steps` steps. rate: at each step with probability pixel/256, drawn
/// from `rng`. latency: once, at step floor((255 - pixel) steps / 256), if the pixel is not 0.
/// constant: at each step, if the pixel is 128 or more.
GlmSpikes encode_pixels(const std::uint8_t* pixels, int inputs, int steps, SpinEncoding encoding,
                        CounterRng& rng);
/// Of samples that are spikes: [steps][inputs], 0 or not.
GlmSpikes spikes_of_events(const std::uint8_t* values, int inputs, int steps);

/// Bytes of one step in memory: a bit per input, input j in bit j % 8 of byte j / 8.
inline std::uint64_t step_bytes(int inputs) { return (static_cast<std::uint64_t>(inputs) + 7) / 8; }
std::vector<std::uint8_t> pack_spikes(const GlmSpikes& spikes);
GlmSpikes unpack_spikes(const std::uint8_t* bytes, int inputs, int steps);

}  // namespace h2
