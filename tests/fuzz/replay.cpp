// SPDX-License-Identifier: Apache-2.0
// replay CORPUS [SEED COUNT]: runs every input of CORPUS/<target> through its target, then COUNT
// random changes of them for each. A broken target ends the process.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "tests/fuzz/targets.h"

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> inputs_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Bytes> inputs;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

/// Some bytes other, gone, doubled or from another input.
Bytes changed(const std::vector<Bytes>& inputs, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Bytes bytes = inputs[below(inputs.size())];
  for (std::size_t left = 1 + below(6); left > 0; --left) {
    const std::size_t at = bytes.empty() ? 0 : below(bytes.size());
    const Bytes& other = inputs[below(inputs.size())];
    switch (bytes.empty() ? 3 : below(6)) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        bytes[at] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 2:
        bytes.erase(bytes.begin() + static_cast<long>(at),
                    bytes.begin() + static_cast<long>(at + 1 + below(bytes.size() - at)));
        break;
      case 3:
        bytes.insert(bytes.begin() + static_cast<long>(at), static_cast<std::uint8_t>(random()));
        break;
      case 4: {
        const std::size_t end = at + below(std::min<std::size_t>(bytes.size() - at, 64) + 1);
        const Bytes part(bytes.begin() + static_cast<long>(at),
                         bytes.begin() + static_cast<long>(end));
        bytes.insert(bytes.begin() + static_cast<long>(at), part.begin(), part.end());
        break;
      }
      default:
        if (!other.empty()) {
          const std::size_t from = below(other.size());
          bytes.resize(at);
          bytes.insert(bytes.end(), other.begin() + static_cast<long>(from), other.end());
        }
    }
    if (bytes.size() > 1 << 16) bytes.resize(1 << 16);
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::cerr << "replay CORPUS [SEED COUNT]\n";
    return 2;
  }
  const auto count = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
  std::uint64_t all = 0;
  for (const h2::FuzzTarget& target : h2::fuzz_targets()) {
    const std::vector<Bytes> inputs = inputs_of(fs::path(argv[1]) / target.name);
    std::mt19937_64 random(argc == 4 ? std::strtoull(argv[2], nullptr, 10) : 0);
    for (const Bytes& input : inputs) h2::fuzz_one(target.name, input.data(), input.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      const Bytes input = changed(inputs, random);
      h2::fuzz_one(target.name, input.data(), input.size());
    }
    all += inputs.size() + count;
    std::cout << target.name << ": " << inputs.size() << " inputs, " << count << " changed\n";
  }
  std::cout << all << " inputs held\n";
}
