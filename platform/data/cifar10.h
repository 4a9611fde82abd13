// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/data/dataset.h"

namespace h2 {

inline constexpr InputShape kCifar10Shape{3, 32, 32};

/// CIFAR-10, binary version (Krizhevsky): data_batch_1.bin to data_batch_5.bin and test_batch.bin
/// in `folder`, plain or with .gz; fewer training files will do, counted from 1. Limits as in
/// load_data. Throws InputError.
LoadedData load_cifar10(const std::string& folder, std::uint64_t train_limit,
                        std::uint64_t test_limit);

}  // namespace h2
