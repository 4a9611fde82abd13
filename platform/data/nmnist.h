// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/data/dataset.h"

namespace h2 {

/// 34x34 sensor without its outermost ring; channel 0 off events, channel 1 on events.
inline constexpr InputShape kNmnistShape{2, 32, 32};

/// N-MNIST recordings (Orchard et al. 2015): {Train,Test}/<class>/*.bin in `folder`, 40-bit events.
/// A recording is cut into `timesteps` equal windows from 0 to its last event; a pixel spikes at
/// most once per window. Recordings are taken in the order of their names, one of each class after
/// the other, so that limits (as in load_data) keep the classes balanced. Throws InputError.
LoadedData load_nmnist(const std::string& folder, std::uint64_t train_limit,
                       std::uint64_t test_limit, int timesteps);

}  // namespace h2
