// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// Images in IDX format of any size and number of classes (MNIST, Fashion-MNIST, EMNIST):
/// {train,t10k}-{images-idx3,labels-idx1}-ubyte in config.path, plain or with .gz, also behind the
/// name of a variant, as emnist-letters-train-images-idx3-ubyte. Samples of compressed files stay
/// in memory. Throws InputError.
LoadedData load_mnist(const DatasetConfig& config, InputShape input);

}  // namespace h2
