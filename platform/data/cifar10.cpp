// SPDX-License-Identifier: Apache-2.0
#include "platform/data/cifar10.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/pickle.h"
#include "platform/data/record_file.h"

namespace h2 {
namespace {

constexpr std::size_t kPixels = 3072;  // red, green, blue planes of 32x32

/// Both versions of a data set.
struct Variant {
  int classes;
  std::size_t label_bytes;  ///< of a binary record; the last one is the class
  const char* label_key;    ///< of a pickle's dictionary
};
constexpr Variant kTen{10, 1, "labels"}, kHundred{100, 2, "fine_labels"};

/// The samples of one file.
struct Part {
  std::size_t first = 0;
  Dataset::Reader read;
};

/// A part of a data set that lies in several files.
struct Files {
  std::vector<std::uint16_t> labels;
  std::vector<Part> parts;

  void add(const std::string& path, const Variant& variant, const std::vector<std::int64_t>& found,
           Dataset::Reader read) {
    parts.push_back({labels.size(), std::move(read)});
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i] < 0 || found[i] >= variant.classes) {
        throw InputError(path + ": label " + std::to_string(i) + " is " + std::to_string(found[i]) +
                         ", legal: 0.." + std::to_string(variant.classes - 1));
      }
      labels.push_back(static_cast<std::uint16_t>(found[i]));
    }
  }
};

void require_records(const std::string& path, std::uint64_t size, const Variant& variant) {
  const std::size_t record = variant.label_bytes + kPixels;
  if (size > 0 && size % record == 0) return;
  throw InputError(
      path + ": " + std::to_string(size) + " bytes, expected a multiple of " +
      std::to_string(record) +
      (variant.label_bytes == 1 ? " (label, 3x32x32 pixels)" : " (two labels, 3x32x32 pixels)"));
}

void add_binary(const std::string& path, const Variant& variant, Files& files) {
  const std::size_t record = variant.label_bytes + kPixels;
  std::vector<std::int64_t> labels;
  if (is_gzip(path)) {
    const auto bytes = std::make_shared<const std::vector<std::uint8_t>>(read_bytes(path));
    require_records(path, bytes->size(), variant);
    for (std::size_t at = 0; at < bytes->size(); at += record) {
      labels.push_back((*bytes)[at + variant.label_bytes - 1]);
    }
    return files.add(path, variant, labels, [=](std::size_t i, std::uint8_t* sample) {
      std::copy_n(&(*bytes)[i * record + variant.label_bytes], kPixels, sample);
    });
  }
  const std::uint64_t size = size_of_file(path);
  require_records(path, size, variant);
  const RecordFile label_file(path, variant.label_bytes - 1, 1, record);
  for (std::size_t i = 0; i < size / record; ++i) {
    std::uint8_t label = 0;
    label_file.read(i, &label);
    labels.push_back(label);
  }
  const RecordFile pixels(path, variant.label_bytes, kPixels, record);
  files.add(path, variant, labels,
            [=](std::size_t i, std::uint8_t* sample) { pixels.read(i, sample); });
}

void add_pickle(const std::string& path, const Variant& variant, Files& files) {
  const Pickle pickle(path);
  const Pickle::Array data = pickle.array(pickle.value(pickle.root(), "data"), "data");
  const std::vector<std::int64_t> labels =
      pickle.integers(pickle.value(pickle.root(), variant.label_key), variant.label_key);
  if (data.shape != std::vector<std::size_t>{labels.size(), kPixels} || labels.empty()) {
    throw InputError(path + ": 'data' is no array of " + std::to_string(labels.size()) +
                     " x 3072, one row for each of '" + variant.label_key + "'");
  }
  const RecordFile pixels(path, data.begin, kPixels, kPixels);
  files.add(path, variant, labels,
            [=](std::size_t i, std::uint8_t* sample) { pixels.read(i, sample); });
}

/// The binary file `name`.bin or the pickle `name`; false if there is neither.
bool add_file(const std::string& folder, const std::string& name, const Variant& variant,
              Files& files) {
  const std::string binary = find_file(folder, name + ".bin");
  const std::string pickle = binary.empty() ? find_file(folder, name) : "";
  if (is_gzip(pickle)) throw InputError(pickle + ": a pickle is read unpacked alone");
  if (!binary.empty()) {
    add_binary(binary, variant, files);
  } else if (!pickle.empty()) {
    add_pickle(pickle, variant, files);
  }
  return !binary.empty() || !pickle.empty();
}

void require_part(const std::string& folder, const std::string& name, const Variant& variant,
                  Files& files) {
  if (!add_file(folder, name, variant, files)) require_file(folder, name + ".bin");
}

Dataset make_images(Files files, const Variant& variant, std::uint64_t limit,
                    std::uint64_t cache_bytes) {
  Dataset data;
  data.classes = variant.classes;
  data.shape = kCifar10Shape;
  if (limit > 0 && limit < files.labels.size()) files.labels.resize(limit);
  data.labels = std::move(files.labels);
  const std::vector<Part> parts = std::move(files.parts);
  take_samples(
      data,
      [parts](std::size_t i, std::uint8_t* sample) {
        std::size_t part = parts.size() - 1;
        while (parts[part].first > i) --part;
        parts[part].read(i - parts[part].first, sample);
      },
      cache_bytes);
  return data;
}

}  // namespace

LoadedData load_cifar10(const DatasetConfig& config) {
  Files train, test;
  require_part(config.path, "data_batch_1", kTen, train);
  for (int i = 2; i <= 5; ++i) {
    const bool enough = config.train_limit > 0 && train.labels.size() >= config.train_limit;
    if (enough || !add_file(config.path, "data_batch_" + std::to_string(i), kTen, train)) break;
  }
  require_part(config.path, "test_batch", kTen, test);
  return {make_images(std::move(train), kTen, config.train_limit, config.cache_bytes),
          make_images(std::move(test), kTen, config.test_limit, config.cache_bytes),
          {}};
}

LoadedData load_cifar100(const DatasetConfig& config) {
  Files train, test;
  require_part(config.path, "train", kHundred, train);
  require_part(config.path, "test", kHundred, test);
  return {make_images(std::move(train), kHundred, config.train_limit, config.cache_bytes),
          make_images(std::move(test), kHundred, config.test_limit, config.cache_bytes),
          {}};
}

}  // namespace h2
