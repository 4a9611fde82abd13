// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "modules/network/network.h"
#include "platform/data/dataset_config.h"

namespace h2 {

/// Labelled samples of one shape, the training or the test part of a data set. They lie in memory,
/// or are read from their files whenever they are asked for.
struct Dataset {
  InputShape shape;
  int classes = 10;
  int input_steps = 0;                ///< 0: static pixels; T: binary spikes at each of T timesteps
  std::vector<std::uint8_t> values;   ///< all samples, one after another; empty: read() has them
  std::vector<std::uint16_t> labels;  ///< 0..classes-1, one per sample
  /// Writes a sample. Throws InputError that names file and record.
  using Reader = std::function<void(std::size_t index, std::uint8_t* sample)>;
  Reader read;
  std::vector<std::string> remarks;  ///< on what the files hold and is not used

  std::size_t size() const { return labels.size(); }
  /// Bytes of one sample.
  std::size_t sample_size() const {
    return static_cast<std::size_t>(input_steps > 0 ? input_steps : 1) * shape.channels *
           shape.height * shape.width;
  }
  /// Static: pixels 0..255, [C][H][W]. Spikes: 0 or 1, [T][C][H][W]. Valid until hold() further
  /// samples have been asked for.
  const std::uint8_t* sample(std::size_t i) const;
  /// Samples that are used at one time, 64 at first.
  void hold(std::size_t samples) const { held_ = samples; }
  int label(std::size_t i) const { return labels[i]; }

 private:
  mutable std::size_t held_ = 64, next_ = 0;
  mutable std::vector<std::vector<std::uint8_t>> ring_;
};

struct LoadedData {
  Dataset train, test;
  Dataset validation;  ///< empty unless dataset.validation asks for it
};

/// Takes `count` samples out of the training part for validation: the same ones in every run,
/// whatever its seed, spread over the part. Throws InputError unless some are left for training.
void hold_out(LoadedData& data, std::uint64_t count);

/// Takes the samples that `read` has, one for each label: into memory, if they take `cache_bytes`
/// at most; else every one is read and checked now, and again when it is asked for.
void take_samples(Dataset& data, const Dataset::Reader& read, std::uint64_t cache_bytes);

/// Loads the data set that `config` names; train_limit and test_limit keep the first samples, 0
/// keeps all; then hold_out() takes dataset.validation samples. `input` is what the network
/// expects, `timesteps` the windows of an event recording; `seed` is a parameter of the training
/// digits only, files are taken in a fixed order. Throws InputError naming the file, and the value
/// found and expected.
LoadedData load_data(const DatasetConfig& config, InputShape input, int timesteps,
                     std::uint64_t seed);

/// Throws InputError unless the network's first layer reads such samples, coded so, and its last
/// one has a neuron for every class found.
void require_fits(const LoadedData& data, const Network& network,
                  PixelCoding coding = PixelCoding::direct);

}  // namespace h2
