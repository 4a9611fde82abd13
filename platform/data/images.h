// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// Images with lists of them: config.path/{train,test}.txt, a line for each image with the name of
/// its file, relative to the folder, a blank, and its class from 0; PNG or JPEG. The shorter side
/// is scaled to config.resize pixels (0: to the larger side of `input`), the middle is cropped to
/// `input`, of 1 or 3 channels. Of a part that exceeds the cache every file is
/// there, and is decoded when it is used. Throws InputError that names list and line.
LoadedData load_images(const DatasetConfig& config, InputShape input);

}  // namespace h2
