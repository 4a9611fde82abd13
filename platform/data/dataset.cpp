// SPDX-License-Identifier: Apache-2.0
#include "platform/data/dataset.h"

#include <algorithm>
#include <string>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/rng.h"
#include "platform/data/cifar10.h"
#include "platform/data/cifar10dvs.h"
#include "platform/data/digits.h"
#include "platform/data/dvsgesture.h"
#include "platform/data/heidelberg.h"
#include "platform/data/images.h"
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

/// The samples of these numbers, in the order of the data set.
Dataset chosen(const Dataset& data, std::vector<std::uint32_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  Dataset part = data;
  part.values.clear();
  part.labels.clear();
  const std::size_t size = data.sample_size();
  for (const std::uint32_t i : numbers) {
    part.labels.push_back(data.labels[i]);
    if (data.read) continue;
    const auto begin = data.values.begin() + static_cast<std::ptrdiff_t>(i * size);
    part.values.insert(part.values.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  if (data.read) {
    part.read = [read = data.read, numbers = std::move(numbers)](
                    std::size_t i, std::uint8_t* sample) { read(numbers[i], sample); };
  }
  return part;
}

void require_path(const DatasetConfig& config) {
  if (config.path.empty()) {
    throw InputError("dataset.path is empty: dataset.kind '" + config.kind +
                     "' needs the folder of its files");
  }
}

LoadedData load_kind(const DatasetConfig& config, InputShape input, int timesteps,
                     std::uint64_t seed) {
  const std::string& kind = config.kind;
  if (kind == "digits") {
    require_input(kind, kDigitShape, input);
    return load_digits(config.train_limit, config.test_limit, seed);
  }
  if (kind == "mnist") return load_mnist(config, input);
  if (kind == "nmnist") return load_nmnist(config, input, timesteps);
  if (kind == "cifar10" || kind == "cifar100") {
    require_input(kind, kCifar10Shape, input);
    return kind == "cifar10" ? load_cifar10(config) : load_cifar100(config);
  }
  if (kind == "cifar10dvs") return load_cifar10dvs(config, input, timesteps);
  if (kind == "dvsgesture") return load_dvsgesture(config, input, timesteps);
  if (kind == "shd" || kind == "ssc") return load_heidelberg(kind, config, input, timesteps);
  if (kind == "images") return load_images(config, input);
  return load_npy_set(config, input, timesteps);
}

void require_kind(const std::string& kind) {
  const std::vector<std::string>& kinds = data_kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return;
  std::string legal;
  for (const std::string& name : kinds) legal += (legal.empty() ? "" : ", ") + name;
  throw InputError("dataset.kind '" + kind + "' cannot be loaded; legal: " + legal);
}

}  // namespace

const std::vector<std::string>& data_kinds() {
  static const std::vector<std::string> kinds{"digits",   "mnist",      "nmnist",     "cifar10",
                                              "cifar100", "cifar10dvs", "dvsgesture", "shd",
                                              "ssc",      "images",     "npy"};
  return kinds;
}

const std::uint8_t* Dataset::sample(std::size_t i) const {
  if (!read) return &values[i * sample_size()];
  if (ring_.size() != held_) ring_.resize(held_);
  std::vector<std::uint8_t>& slot = ring_[next_++ % held_];
  slot.assign(sample_size(), 0);
  read(i, slot.data());
  return slot.data();
}

void take_samples(Dataset& data, const Dataset::Reader& read, std::uint64_t cache_bytes) {
  const std::size_t size = data.sample_size();
  if (data.size() <= cache_bytes / std::max<std::size_t>(1, size)) {
    data.values.resize(data.size() * size);
    for (std::size_t i = 0; i < data.size(); ++i) read(i, &data.values[i * size]);
    return;
  }
  std::vector<std::uint8_t> scratch(size);
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::fill(scratch.begin(), scratch.end(), 0);
    read(i, scratch.data());
  }
  data.read = read;
}

void hold_out(LoadedData& data, std::uint64_t count) {
  constexpr std::uint64_t kSeed = 1, kDraw = ~0ULL;  // no epoch shuffles with it
  const std::size_t size = data.train.size();
  if (count >= size) {
    throw InputError("dataset.validation: " + std::to_string(count) + "; legal: less than the " +
                     std::to_string(size) + " training samples");
  }
  const std::vector<std::uint32_t> order =
      permutation(static_cast<std::uint32_t>(size), kSeed, kDraw);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  data.validation = chosen(data.train, {order.begin(), middle});
  data.validation.remarks.clear();  // they are of the files, and stay with the training part
  data.train = chosen(data.train, {middle, order.end()});
}

LoadedData load_data(const DatasetConfig& config, InputShape input, int timesteps,
                     std::uint64_t seed) {
  require_kind(config.kind);
  if (config.kind != "digits") require_path(config);
  LoadedData data = load_kind(config, input, timesteps, seed);
  if (config.validation > 0 && data.validation.size() == 0) hold_out(data, config.validation);
  return data;
}

void require_fits(const LoadedData& data, const Network& network, PixelCoding coding) {
  const bool coded = coding != PixelCoding::direct;
  if (coded && data.train.input_steps != 0) {
    throw InputError(
        "dataset.coding: makes spikes of pixels, the samples are spikes; legal: direct");
  }
  const bool pixels = data.train.input_steps == 0 && !coded;
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
