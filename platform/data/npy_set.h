// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/data/dataset.h"

namespace h2 {

/// Samples of one's own as NumPy files in `folder`: {train,test}_samples.npy and
/// {train,test}_labels.npy. Samples are uint8, either pixels N,C,H,W or spikes (0, 1) N,T,C,H,W;
/// labels uint8 or int32, N, 0..255. `input` and `timesteps` are what the network expects. Limits
/// as in load_data. Throws InputError.
LoadedData load_npy_set(const std::string& folder, std::uint64_t train_limit,
                        std::uint64_t test_limit, InputShape input, int timesteps);

}  // namespace h2
