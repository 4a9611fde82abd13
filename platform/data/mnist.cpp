// SPDX-License-Identifier: Apache-2.0
#include "platform/data/mnist.h"

#include <algorithm>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

constexpr std::uint32_t kImageMagic = 0x00000803;  // unsigned bytes, 3 dimensions
constexpr std::uint32_t kLabelMagic = 0x00000801;  // unsigned bytes, 1 dimension

struct Idx {
  std::string path;
  std::vector<std::uint32_t> dims;
  std::vector<std::uint8_t> bytes;  // header included
  std::size_t header = 0;

  const std::uint8_t* data() const { return bytes.data() + header; }
};

std::uint32_t word(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return (std::uint32_t{bytes[at]} << 24) | (std::uint32_t{bytes[at + 1]} << 16) |
         (std::uint32_t{bytes[at + 2]} << 8) | bytes[at + 3];
}

Idx read_idx(const std::string& path, std::uint32_t magic) {
  Idx idx{path, {}, read_bytes(path), 4 + 4 * std::size_t{magic & 0xFF}};
  if (idx.bytes.size() < idx.header) {
    throw InputError(path + ": " + std::to_string(idx.bytes.size()) +
                     " bytes, shorter than the IDX header of " + std::to_string(idx.header));
  }
  if (word(idx.bytes, 0) != magic) {
    throw InputError(path + ": IDX magic number " + std::to_string(word(idx.bytes, 0)) +
                     ", expected " + std::to_string(magic));
  }
  constexpr std::uint64_t kLimit = 1ULL << 32;  // keeps the product of hostile dimensions in range
  std::uint64_t expected = 1;
  for (std::size_t at = 4; at < idx.header; at += 4) {
    idx.dims.push_back(word(idx.bytes, at));
    expected = std::min(expected * idx.dims.back(), kLimit);
  }
  const std::size_t actual = idx.bytes.size() - idx.header;
  if (actual != expected) {
    std::string dims;
    for (const std::uint32_t d : idx.dims) dims += (dims.empty() ? "" : "x") + std::to_string(d);
    throw InputError(path + ": " + (actual < expected ? "truncated" : "trailing bytes") +
                     ": the header announces " + dims + " bytes of data, the file holds " +
                     std::to_string(actual));
  }
  return idx;
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
  for (std::uint32_t i = 0; i < labels.dims[0]; ++i) {
    if (labels.data()[i] > 9) {
      throw InputError(labels.path + ": label " + std::to_string(i) + " is " +
                       std::to_string(labels.data()[i]) + ", legal: 0..9");
    }
  }
}

Dataset load_part(const std::string& folder, const std::string& part, std::uint64_t limit,
                  InputShape input) {
  const Idx images = read_idx(require_file(folder, part + "-images-idx3-ubyte"), kImageMagic);
  const Idx labels = read_idx(require_file(folder, part + "-labels-idx1-ubyte"), kLabelMagic);
  check_pair(images, labels, input);
  Dataset data;
  data.shape = input;
  const std::uint64_t all = images.dims[0];
  const std::uint64_t count = limit > 0 ? std::min(limit, all) : all;
  data.values.assign(images.data(), images.data() + count * data.sample_size());
  data.labels.assign(labels.data(), labels.data() + count);
  return data;
}

}  // namespace

LoadedData load_mnist(const std::string& folder, std::uint64_t train_limit,
                      std::uint64_t test_limit, InputShape input) {
  return {load_part(folder, "train", train_limit, input),
          load_part(folder, "t10k", test_limit, input)};
}

}  // namespace h2
