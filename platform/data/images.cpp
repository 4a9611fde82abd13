// SPDX-License-Identifier: Apache-2.0
#include "platform/data/images.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/class_folders.h"
#include "platform/data/picture.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kMostClasses = 65536;

LabelledFile parse_line(const fs::path& folder, const std::string& where, const std::string& line) {
  const std::size_t blank = line.find_last_of(" \t");
  const std::string label = blank == std::string::npos ? "" : line.substr(blank + 1);
  const bool number = !label.empty() && label.size() <= 5 &&
                      label.find_first_not_of("0123456789") == std::string::npos;
  if (!number || blank == 0 || std::stoul(label) >= kMostClasses) {
    throw InputError(where + ": \"" + line +
                     "\"; legal: the name of a file, a blank, and its class 0..65535");
  }
  const std::string name = line.substr(0, line.find_last_not_of(" \t", blank) + 1);
  return {(folder / name).string(), static_cast<std::uint16_t>(std::stoul(label))};
}

std::vector<LabelledFile> read_list(const fs::path& list, std::uint64_t limit) {
  require_plain_file(list.string(), "a list of images");
  std::ifstream file(list);
  if (!file) throw InputError(list.string() + ": cannot be opened");
  std::vector<LabelledFile> images;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::string where = list.string() + ":" + std::to_string(number);
    images.push_back(parse_line(list.parent_path(), where, line));
    if (!fs::is_regular_file(images.back().path)) {
      throw InputError(where + ": no such file: " + images.back().path);
    }
    if (limit > 0 && images.size() >= limit) break;
  }
  if (images.empty()) throw InputError(list.string() + ": names no images");
  return images;
}

/// [C][H][W].
void decode_image(const std::string& path, int side, InputShape input, std::uint8_t* sample) {
  const Picture picture =
      scale_and_crop(read_picture(path, input.channels), side, input.width, input.height);
  for (int c = 0; c < input.channels; ++c) {
    for (int y = 0; y < input.height; ++y) {
      for (int x = 0; x < input.width; ++x) *sample++ = picture.at(y, x)[c];
    }
  }
}

Dataset load_list(const fs::path& list, std::uint64_t limit, int side, InputShape input,
                  std::uint64_t cache_bytes) {
  const std::vector<LabelledFile> images = read_list(list, limit);
  Dataset data;
  data.shape = input;
  data.classes = 1;
  for (const LabelledFile& image : images) {
    data.labels.push_back(image.label);
    data.classes = std::max(data.classes, image.label + 1);
  }
  const Dataset::Reader read = [=](std::size_t i, std::uint8_t* sample) {
    decode_image(images[i].path, side, input, sample);
  };
  // Decoding all of a large part only to check it would take as long as an epoch of its training.
  if (data.size() * data.sample_size() > cache_bytes) {
    data.read = read;
  } else {
    take_samples(data, read, cache_bytes);
  }
  return data;
}

}  // namespace

LoadedData load_images(const DatasetConfig& config, InputShape input) {
  const int larger = std::max(input.width, input.height);
  const int side = config.resize == 0 ? larger : config.resize;
  if ((input.channels != 1 && input.channels != 3) || side < larger) {
    throw InputError("network.input is " + shape_text(input) + " and dataset.resize " +
                     std::to_string(config.resize) +
                     "; legal for dataset.kind 'images': 1 or 3 channels, and a resize of 0 or at "
                     "least the larger side");
  }
  const fs::path root(config.path);
  return {load_list(root / "train.txt", config.train_limit, side, input, config.cache_bytes),
          load_list(root / "test.txt", config.test_limit, side, input, config.cache_bytes),
          {}};
}

}  // namespace h2
