// SPDX-License-Identifier: Apache-2.0
#include "platform/data/cifar10.h"

#include "modules/base/error.h"
#include "modules/base/file.h"

namespace h2 {
namespace {

constexpr std::size_t kPixels = 3072;  // red, green, blue planes of 32x32
constexpr std::size_t kRecord = 1 + kPixels;

bool full(const Dataset& data, std::uint64_t limit) { return limit > 0 && data.size() >= limit; }

void append(const std::string& path, std::uint64_t limit, Dataset& data) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  if (bytes.empty() || bytes.size() % kRecord != 0) {
    throw InputError(path + ": " + std::to_string(bytes.size()) +
                     " bytes, expected a multiple of " + std::to_string(kRecord) +
                     " (label, 3x32x32 pixels)");
  }
  for (std::size_t at = 0; at < bytes.size() && !full(data, limit); at += kRecord) {
    if (bytes[at] > 9) {
      throw InputError(path + ": label " + std::to_string(at / kRecord) + " is " +
                       std::to_string(bytes[at]) + ", legal: 0..9");
    }
    data.labels.push_back(bytes[at]);
    data.values.insert(data.values.end(), &bytes[at] + 1, &bytes[at] + kRecord);
  }
}

Dataset make_part() {
  Dataset data;
  data.shape = kCifar10Shape;
  return data;
}

}  // namespace

LoadedData load_cifar10(const std::string& folder, std::uint64_t train_limit,
                        std::uint64_t test_limit) {
  LoadedData data{make_part(), make_part()};
  for (int i = 1; i <= 5 && !full(data.train, train_limit); ++i) {
    const std::string name = "data_batch_" + std::to_string(i) + ".bin";
    const std::string path = i == 1 ? require_file(folder, name) : find_file(folder, name);
    if (path.empty()) break;
    append(path, train_limit, data.train);
  }
  append(require_file(folder, "test_batch.bin"), test_limit, data.test);
  return data;
}

}  // namespace h2
