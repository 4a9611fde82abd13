// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace h2 {

/// How pixels reach the first layer: as they are, which needs a layer with (Encoding), or as spikes
/// whose rate is their value.
enum class PixelCoding { direct, rate };

/// dataset
struct DatasetConfig {
  std::string kind = "digits";  ///< digits mnist nmnist cifar10 cifar10dvs images npy
  std::string path;             ///< folder, relative to the working directory
  std::uint64_t train_limit = 0, test_limit = 0;  ///< 0 = all (digits: 4000, 1000)
  PixelCoding coding = PixelCoding::direct;
};

}  // namespace h2
