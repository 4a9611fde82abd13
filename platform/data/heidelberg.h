// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// Heidelberg data sets (Cramer et al. 2020), spikes of 700 cochlea channels in HDF5:
/// `{shd,ssc}_{train,test}.h5` in config.path, with spikes/times in seconds, spikes/units and
/// labels, 20 or 35 classes. `prefix` is shd or ssc. Of ssc, ssc_valid.h5 is the validation part
/// where it is there and dataset.validation is not 0. Channels x height x width of `input` divides
/// 700: so many neighbouring channels share one, in the order C,H,W. Throws InputError.
LoadedData load_heidelberg(const std::string& prefix, const DatasetConfig& config, InputShape input,
                           int timesteps);

}  // namespace h2
