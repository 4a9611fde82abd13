// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace h2 {

/// Turns pixels into spikes, one for each that is not 0, the earlier the brighter: at timestep
/// floor((255 - pixel) T / 256). Writes [T][pixels] of 0 and 1. With T = 16 these are the 4 bits of
/// SpinalFlow's paper (decision 0062).
void code_first_spikes(const std::uint8_t* sample, std::size_t pixels, int timesteps,
                       std::vector<std::uint8_t>& to);

}  // namespace h2
