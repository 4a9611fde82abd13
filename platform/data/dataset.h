// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modules/network/network.h"
#include "platform/data/dataset_config.h"

namespace h2 {

/// Labelled samples of one shape, the training or the test part of a data set.
struct Dataset {
  InputShape shape;
  int classes = 10;
  int input_steps = 0;               ///< 0: static pixels; T: binary spikes at each of T timesteps
  std::vector<std::uint8_t> values;  ///< all samples, one after another
  std::vector<std::uint8_t> labels;  ///< 0..classes-1, one per sample

  std::size_t size() const { return labels.size(); }
  /// Bytes of one sample.
  std::size_t sample_size() const {
    return static_cast<std::size_t>(input_steps > 0 ? input_steps : 1) * shape.channels *
           shape.height * shape.width;
  }
  /// Static: pixels 0..255, [C][H][W]. Spikes: 0 or 1, [T][C][H][W].
  const std::uint8_t* sample(std::size_t i) const { return &values[i * sample_size()]; }
  int label(std::size_t i) const { return labels[i]; }
};

struct LoadedData {
  Dataset train, test;
};

/// Loads the data set that `config` names; train_limit and test_limit keep the first samples, 0
/// keeps all. `input` is what the network expects, `timesteps` the windows of an event recording;
/// `seed` is a parameter of the training digits only, files are taken in a fixed order.
/// Throws InputError naming the file, and the value found and expected.
LoadedData load_data(const DatasetConfig& config, InputShape input, int timesteps,
                     std::uint64_t seed);

/// Throws InputError unless the network's first layer reads such samples, coded so, and its last
/// one has a neuron for every class found.
void require_fits(const LoadedData& data, const Network& network,
                  PixelCoding coding = PixelCoding::direct);

}  // namespace h2
