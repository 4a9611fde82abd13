// SPDX-License-Identifier: Apache-2.0
#include "platform/data/mnist.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <set>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/record_file.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

constexpr std::uint32_t kImageMagic = 0x00000803;  // unsigned bytes, 3 dimensions
constexpr std::uint32_t kLabelMagic = 0x00000801;  // unsigned bytes, 1 dimension

struct Idx {
  std::string path;
  std::vector<std::uint32_t> dims;
  std::size_t header = 0;
  std::vector<std::uint8_t> bytes;  ///< of a compressed file, header included
};

std::uint32_t word(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return (std::uint32_t{bytes[at]} << 24) | (std::uint32_t{bytes[at + 1]} << 16) |
         (std::uint32_t{bytes[at + 2]} << 8) | bytes[at + 3];
}

void check_size(const Idx& idx, std::uint64_t size) {
  constexpr std::uint64_t kLimit = 1ULL << 32;  // keeps the product of hostile dimensions in range
  std::uint64_t expected = 1;
  for (const std::uint32_t d : idx.dims) expected = std::min(expected * d, kLimit);
  const std::uint64_t actual = size - idx.header;
  if (actual == expected) return;
  std::string dims;
  for (const std::uint32_t d : idx.dims) dims += (dims.empty() ? "" : "x") + std::to_string(d);
  throw InputError(idx.path + ": " + (actual < expected ? "truncated" : "trailing bytes") +
                   ": the header announces " + dims + " bytes of data, the file holds " +
                   std::to_string(actual));
}

/// The header, and all of a compressed file.
Idx read_idx(const std::string& path, std::uint32_t magic) {
  Idx idx{path, {}, 4 + 4 * std::size_t{magic & 0xFF}, {}};
  if (is_gzip(path)) idx.bytes = read_bytes(path);
  const std::uint64_t size = is_gzip(path) ? idx.bytes.size() : size_of_file(path);
  if (size < idx.header) {
    throw InputError(path + ": " + std::to_string(size) +
                     " bytes, shorter than the IDX header of " + std::to_string(idx.header));
  }
  std::vector<std::uint8_t> head(idx.header);
  if (is_gzip(path)) {
    std::copy_n(idx.bytes.begin(), idx.header, head.begin());
  } else {
    RecordFile(path, 0, idx.header, idx.header).read(0, head.data());
  }
  if (word(head, 0) != magic) {
    throw InputError(path + ": IDX magic number " + std::to_string(word(head, 0)) + ", expected " +
                     std::to_string(magic));
  }
  for (std::size_t at = 4; at < idx.header; at += 4) idx.dims.push_back(word(head, at));
  check_size(idx, size);
  return idx;
}

/// Reads records of `size` bytes.
Dataset::Reader record_reader(const Idx& idx, std::size_t size) {
  if (is_gzip(idx.path)) {
    const auto bytes = std::make_shared<const std::vector<std::uint8_t>>(idx.bytes);
    return [bytes, size, begin = idx.header](std::size_t i, std::uint8_t* record) {
      std::copy_n(&(*bytes)[begin + i * size], size, record);
    };
  }
  const RecordFile file(idx.path, idx.header, size, size);
  return [file](std::size_t i, std::uint8_t* record) { file.read(i, record); };
}

void check_pair(const Idx& images, const Idx& labels, InputShape input) {
  const InputShape shape{1, static_cast<int>(images.dims[1]), static_cast<int>(images.dims[2])};
  if (input.channels != 1 || input.height != shape.height || input.width != shape.width) {
    throw InputError(images.path + ": images are " + shape_text(shape) + ", network.input is " +
                     shape_text(input));
  }
  if (images.dims[0] != labels.dims[0]) {
    throw InputError(images.path + " holds " + std::to_string(images.dims[0]) + " images, but " +
                     labels.path + " holds " + std::to_string(labels.dims[0]) + " labels");
  }
  if (images.dims[0] == 0) throw InputError(images.path + ": holds no images");
}

Dataset load_digits_of(const std::string& folder, const std::string& part, std::uint64_t limit,
                       InputShape input, std::uint64_t cache_bytes) {
  const Idx images = read_idx(require_file(folder, part + "-images-idx3-ubyte"), kImageMagic);
  const Idx labels = read_idx(require_file(folder, part + "-labels-idx1-ubyte"), kLabelMagic);
  check_pair(images, labels, input);
  Dataset data;
  data.shape = input;
  const std::uint64_t all = images.dims[0];
  std::vector<std::uint8_t> found(all);
  record_reader(labels, all)(0, found.data());
  data.classes = 1 + *std::max_element(found.begin(), found.end());
  found.resize(limit > 0 ? std::min(limit, all) : all);
  data.labels.assign(found.begin(), found.end());
  take_samples(data, record_reader(images, data.sample_size()), cache_bytes);
  return data;
}

/// "train", or with what a variant of the data set has before it, as "emnist-letters-train"; the
/// first of `parts` that has images.
std::string find_part(const std::string& folder, std::initializer_list<const char*> parts) {
  const std::string kind = "-images-idx3-ubyte";
  for (const char* part : parts) {
    if (!find_file(folder, part + kind).empty()) return part;
  }
  std::set<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    for (const char* part : parts) {
      const std::size_t at = name.find("-" + (part + kind));
      if (at != std::string::npos) found.insert(name.substr(0, at + 1) + part);
    }
  }
  if (found.size() == 1) return *found.begin();
  if (found.empty()) return *parts.begin();  // which require_file() says to be missing
  throw InputError(folder + ": holds several sets of images: " + *found.begin() + kind + ", " +
                   *found.rbegin() + kind + "; legal: the files of one");
}

}  // namespace

LoadedData load_mnist(const DatasetConfig& config, InputShape input) {
  const std::string& folder = config.path;
  return {load_digits_of(folder, find_part(folder, {"train"}), config.train_limit, input,
                         config.cache_bytes),
          load_digits_of(folder, find_part(folder, {"t10k", "test"}), config.test_limit, input,
                         config.cache_bytes),
          {}};
}

}  // namespace h2
