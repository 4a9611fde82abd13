// SPDX-License-Identifier: Apache-2.0
#include "platform/data/npy_set.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "modules/base/error.h"
#include "modules/tensor/npy.h"
#include "platform/data/record_file.h"

namespace h2 {
namespace {

/// Samples of a .npy file, read one by one.
class SampleFile {
 public:
  SampleFile(const std::string& path, const NpyHeader& header, std::size_t sample_size, bool spikes)
      : type_(header.type),
        size_(sample_size),
        most_(spikes ? 1 : 255),
        file_(path, header.begin, size_ * npy_size(type_), size_ * npy_size(type_)) {}

  void operator()(std::size_t index, std::uint8_t* sample) const {
    const std::size_t width = npy_size(type_);
    std::vector<std::uint8_t> raw(size_ * width);
    file_.read(index, raw.data());
    for (std::size_t i = 0; i < size_; ++i) {
      const double value = npy_number(type_, &raw[i * width]);
      if (!(value >= 0 && value <= most_ && value == std::floor(value))) {
        refuse(index * size_ + i, value);
      }
      sample[i] = static_cast<std::uint8_t>(value);
    }
  }

 private:
  [[noreturn]] void refuse(std::size_t element, double value) const {
    std::ostringstream text;
    text << file_.path() << ": element " << element << " is " << value << "; legal for "
         << (most_ == 1 ? "spikes: 0, 1" : "pixels: whole numbers 0..255");
    throw InputError(text.str());
  }

  NpyType type_;
  std::size_t size_;
  double most_;
  RecordFile file_;
};

NpyHeader read_samples_header(const std::string& path, InputShape input, int timesteps) {
  NpyHeader samples = read_npy_header(path);
  std::vector<std::size_t> pixels{0, static_cast<std::size_t>(input.channels),
                                  static_cast<std::size_t>(input.height),
                                  static_cast<std::size_t>(input.width)};
  std::vector<std::size_t> spikes = pixels;
  spikes.insert(spikes.begin() + 1, static_cast<std::size_t>(timesteps));
  if (!samples.shape.empty()) pixels[0] = spikes[0] = samples.shape[0];
  if (samples.shape != pixels && samples.shape != spikes) {
    throw InputError(path + ": array of shape " + npy_shape_text(samples.shape) +
                     "; legal: pixels " + npy_shape_text(pixels) + " or spikes " +
                     npy_shape_text(spikes) + " by network.input and network.timesteps");
  }
  if (pixels[0] == 0) throw InputError(path + ": holds no samples");
  return samples;
}

std::vector<std::uint16_t> read_labels(const std::string& path, std::size_t count) {
  const NpyArray labels = read_npy(path);
  if (labels.shape != std::vector<std::size_t>{count}) {
    throw InputError(path + ": array of shape " + npy_shape_text(labels.shape) +
                     "; legal: " + npy_shape_text({count}) + ", one per sample");
  }
  std::vector<std::uint16_t> out;
  for (std::size_t i = 0; i < count; ++i) {
    const double label = npy_number(labels.type, &labels.bytes[i * npy_size(labels.type)]);
    if (!(label >= 0 && label <= 65535 && label == std::floor(label))) {
      std::ostringstream text;
      text << path << ": label " << i << " is " << label << ", legal: 0..65535";
      throw InputError(text.str());
    }
    out.push_back(static_cast<std::uint16_t>(label));
  }
  return out;
}

Dataset load_arrays(const std::string& folder, const std::string& part, std::uint64_t limit,
                    InputShape input, int timesteps, std::uint64_t cache_bytes) {
  const std::filesystem::path base(folder);
  const std::string path = (base / (part + "_samples.npy")).string();
  const NpyHeader header = read_samples_header(path, input, timesteps);
  Dataset data;
  data.shape = input;
  data.input_steps = header.shape.size() == 5 ? timesteps : 0;
  data.labels = read_labels((base / (part + "_labels.npy")).string(), header.shape[0]);
  data.classes = 1 + *std::max_element(data.labels.begin(), data.labels.end());
  if (limit > 0 && limit < data.size()) data.labels.resize(limit);
  take_samples(data, SampleFile(path, header, data.sample_size(), data.input_steps != 0),
               cache_bytes);
  return data;
}

}  // namespace

LoadedData load_npy_set(const DatasetConfig& config, InputShape input, int timesteps) {
  const auto part = [&](const char* name, std::uint64_t limit) {
    return load_arrays(config.path, name, limit, input, timesteps, config.cache_bytes);
  };
  LoadedData data{part("train", config.train_limit), part("test", config.test_limit), {}};
  if (data.train.input_steps != data.test.input_steps) {
    throw InputError(config.path +
                     ": train_samples.npy and test_samples.npy must both hold pixels, or "
                     "both spikes");
  }
  return data;
}

}  // namespace h2
