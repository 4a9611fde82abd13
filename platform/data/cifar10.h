// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

inline constexpr InputShape kCifar10Shape{3, 32, 32};

/// CIFAR-10 (Krizhevsky): of the binary version data_batch_1.bin to data_batch_5.bin and
/// test_batch.bin in config.path, plain or with .gz; of the Python version data_batch_1 to
/// data_batch_5 and test_batch, read without executing them (see Pickle). Fewer training files will
/// do, counted from 1. Samples of compressed files stay in memory. Throws InputError.
LoadedData load_cifar10(const DatasetConfig& config);

/// CIFAR-100: train.bin and test.bin, records of coarse label, fine label and pixels, or the
/// pickles train and test; the fine label is the class. Throws InputError.
LoadedData load_cifar100(const DatasetConfig& config);

}  // namespace h2
