// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// Samples of one's own as NumPy files in config.path: {train,test}_samples.npy and
/// {train,test}_labels.npy. Samples are pixels N,C,H,W, 0..255, or spikes N,T,C,H,W, 0 or 1; labels
/// N, 0..65535. The type may be any that NpyType names, the numbers are whole. `input` and
/// `timesteps` are what the network expects. Throws InputError.
LoadedData load_npy_set(const DatasetConfig& config, InputShape input, int timesteps);

}  // namespace h2
