// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// DVS128 Gesture (Amir et al. 2017) as distributed: recordings of AEDAT 3.1 in config.path, named
/// in trials_to_train.txt and trials_to_test.txt, each with `<name>_labels.csv` beside it, whose
/// lines `class,startTime_usec,endTime_usec` are the samples: classes 1..11, labels 0..10. A sample
/// reads only the packets of its span. Throws InputError.
LoadedData load_dvsgesture(const DatasetConfig& config, InputShape input, int timesteps);

}  // namespace h2
