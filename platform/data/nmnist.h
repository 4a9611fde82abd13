// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/data/dataset.h"

namespace h2 {

/// N-MNIST recordings (Orchard et al. 2015): {Train,Test}/<class>/*.bin in config.path, 40-bit
/// events of a sensor of 34x34; `input` is that, or 32x32 without the outermost ring, of two
/// channels (off, on) or one. Row 240 marks an overflow of the sensor's clock: 8,192 us more pass.
/// Recordings are taken in the order of their names, one of each class after the other, so that
/// limits (as in load_data) keep the classes balanced. Throws InputError.
LoadedData load_nmnist(const DatasetConfig& config, InputShape input, int timesteps);

}  // namespace h2
