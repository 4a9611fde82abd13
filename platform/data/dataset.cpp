// SPDX-License-Identifier: Apache-2.0
#include "platform/data/dataset.h"

#include <algorithm>
#include <string>

#include "modules/base/error.h"
#include "platform/data/cifar10.h"
#include "platform/data/digits.h"
#include "platform/data/mnist.h"
#include "platform/data/nmnist.h"
#include "platform/data/npy_set.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

void require_input(const std::string& kind, InputShape data, InputShape network) {
  if (data.channels == network.channels && data.height == network.height &&
      data.width == network.width) {
    return;
  }
  throw InputError("network.input is " + shape_text(network) + ", but dataset.kind '" + kind +
                   "' has samples of " + shape_text(data));
}

void require_path(const DatasetConfig& config) {
  if (config.path.empty()) {
    throw InputError("dataset.path is empty: dataset.kind '" + config.kind +
                     "' needs the folder of its files");
  }
}

}  // namespace

LoadedData load_data(const DatasetConfig& config, InputShape input, int timesteps,
                     std::uint64_t seed) {
  if (config.kind == "digits") {
    require_input(config.kind, kDigitShape, input);
    return load_digits(config.train_limit, config.test_limit, seed);
  }
  if (config.kind == "mnist") {
    require_path(config);
    return load_mnist(config.path, config.train_limit, config.test_limit, input);
  }
  if (config.kind == "nmnist") {
    require_path(config);
    require_input(config.kind, kNmnistShape, input);
    return load_nmnist(config.path, config.train_limit, config.test_limit, timesteps);
  }
  if (config.kind == "cifar10") {
    require_path(config);
    require_input(config.kind, kCifar10Shape, input);
    return load_cifar10(config.path, config.train_limit, config.test_limit);
  }
  if (config.kind == "npy") {
    require_path(config);
    return load_npy_set(config.path, config.train_limit, config.test_limit, input, timesteps);
  }
  throw InputError("dataset.kind '" + config.kind +
                   "' cannot be loaded; legal: digits, mnist, nmnist, cifar10, npy");
}

void require_fits(const LoadedData& data, const Network& network, PixelCoding coding) {
  const bool rate = coding == PixelCoding::rate;
  if (rate && data.train.input_steps != 0) {
    throw InputError(
        "dataset.coding: rate draws spikes from pixels, the samples are spikes; legal: "
        "direct");
  }
  const bool pixels = data.train.input_steps == 0 && !rate;
  if (network.encoding() != pixels) {
    throw InputError(std::string("network.layers: the first layer ") +
                     (pixels ? "lacks (Encoding), the samples are pixels"
                             : "has (Encoding), the samples are spikes"));
  }
  const int classes = std::max(data.train.classes, data.test.classes);
  if (classes > network.layers.back().cout) {
    throw InputError("network.layers: the last layer has " +
                     std::to_string(network.layers.back().cout) + " neurons, the labels reach " +
                     std::to_string(classes - 1));
  }
}

}  // namespace h2
