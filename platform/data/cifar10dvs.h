// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// CIFAR10-DVS (Li et al. 2017): `<class>/*.aedat` in config.path, one folder for each of the ten
/// classes of CIFAR-10 by name, files of AEDAT 2.0 as read_aedat2() takes. Of every class the last
/// tenth of the files, in the order of their numbers, is the test part: the data set has none of
/// its own. One of each class after the other, as in load_nmnist(). Throws InputError.
LoadedData load_cifar10dvs(const DatasetConfig& config, InputShape input, int timesteps);

}  // namespace h2
