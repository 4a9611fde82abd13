// SPDX-License-Identifier: Apache-2.0
#include "platform/data/npy_set.h"

#include <algorithm>
#include <filesystem>

#include "modules/base/error.h"
#include "modules/tensor/npy.h"

namespace h2 {
namespace {

NpyArray read_samples(const std::string& path, InputShape input, int timesteps) {
  NpyArray samples = read_npy(path);
  std::vector<std::size_t> pixels{0, static_cast<std::size_t>(input.channels),
                                  static_cast<std::size_t>(input.height),
                                  static_cast<std::size_t>(input.width)};
  std::vector<std::size_t> spikes = pixels;
  spikes.insert(spikes.begin() + 1, static_cast<std::size_t>(timesteps));
  if (!samples.shape.empty()) pixels[0] = spikes[0] = samples.shape[0];
  if (samples.type != NpyType::uint8 || (samples.shape != pixels && samples.shape != spikes)) {
    throw InputError(path + ": array of shape " + npy_shape_text(samples.shape) +
                     (samples.type == NpyType::uint8 ? "" : ", not uint8") +
                     "; legal: uint8, pixels " + npy_shape_text(pixels) + " or spikes " +
                     npy_shape_text(spikes) + " by network.input and network.timesteps");
  }
  if (pixels[0] == 0) throw InputError(path + ": holds no samples");
  if (samples.shape == spikes) {
    const auto wrong = std::find_if(samples.bytes.begin(), samples.bytes.end(),
                                    [](std::uint8_t spike) { return spike > 1; });
    if (wrong != samples.bytes.end()) {
      throw InputError(path + ": element " + std::to_string(wrong - samples.bytes.begin()) +
                       " is " + std::to_string(*wrong) + "; legal for spikes: 0, 1");
    }
  }
  return samples;
}

std::vector<std::uint8_t> read_labels(const std::string& path, std::size_t count) {
  const NpyArray labels = read_npy(path);
  const bool integers = labels.type == NpyType::uint8 || labels.type == NpyType::int32;
  if (!integers || labels.shape != std::vector<std::size_t>{count}) {
    throw InputError(path + ": array of shape " + npy_shape_text(labels.shape) +
                     (integers ? "" : ", not integers") + "; legal: uint8 or int32, " +
                     npy_shape_text({count}) + ", one per sample");
  }
  std::vector<std::uint8_t> out;
  for (const float label : labels.to_float()) {
    if (label < 0 || label > 255) {
      throw InputError(path + ": label " + std::to_string(out.size()) + " is " +
                       std::to_string(static_cast<long>(label)) + ", legal: 0..255");
    }
    out.push_back(static_cast<std::uint8_t>(label));
  }
  return out;
}

Dataset load_part(const std::string& folder, const std::string& part, std::uint64_t limit,
                  InputShape input, int timesteps) {
  const std::filesystem::path base(folder);
  NpyArray samples = read_samples((base / (part + "_samples.npy")).string(), input, timesteps);
  Dataset data;
  data.shape = input;
  data.input_steps = samples.shape.size() == 5 ? timesteps : 0;
  data.labels = read_labels((base / (part + "_labels.npy")).string(), samples.shape[0]);
  data.classes = 1 + *std::max_element(data.labels.begin(), data.labels.end());
  if (limit > 0 && limit < data.size()) data.labels.resize(limit);
  samples.bytes.resize(data.size() * data.sample_size());
  data.values = std::move(samples.bytes);
  return data;
}

}  // namespace

LoadedData load_npy_set(const std::string& folder, std::uint64_t train_limit,
                        std::uint64_t test_limit, InputShape input, int timesteps) {
  LoadedData data{load_part(folder, "train", train_limit, input, timesteps),
                  load_part(folder, "test", test_limit, input, timesteps)};
  if (data.train.input_steps != data.test.input_steps) {
    throw InputError(folder +
                     ": train_samples.npy and test_samples.npy must both hold pixels, or "
                     "both spikes");
  }
  return data;
}

}  // namespace h2
