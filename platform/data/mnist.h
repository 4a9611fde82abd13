// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/data/dataset.h"

namespace h2 {

/// MNIST in IDX format (LeCun, Cortes, Burges): {train,t10k}-{images-idx3,labels-idx1}-ubyte in
/// `folder`, plain or with .gz. Limits as in load_data. Throws InputError.
LoadedData load_mnist(const std::string& folder, std::uint64_t train_limit,
                      std::uint64_t test_limit, InputShape input);

}  // namespace h2
