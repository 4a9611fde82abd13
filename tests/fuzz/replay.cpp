// SPDX-License-Identifier: Apache-2.0
// replay CORPUS [SEED COUNT [COUNTS]]: runs every input of CORPUS/<target> through its target, then
// COUNT random changes of them for each. A broken target ends the process; the input that broke it
// is in a file whose name is printed. What has been run is added to the file COUNTS, and the next
// call with the same seed goes on there.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "tests/fuzz/folder.h"
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

/// Inputs that are drawn from one state of the generator.
constexpr std::uint64_t kPart = 5000;

/// Lines "target seed inputs" of what has been run.
class Counts {
 public:
  Counts(std::string path, std::uint64_t seed) : path_(std::move(path)), seed_(seed) {}

  std::uint64_t of(const std::string& target) const {
    std::ifstream in(path_);
    std::string name;
    std::uint64_t seed = 0, inputs = 0, sum = 0;
    while (in >> name >> seed >> inputs) sum += name == target && seed == seed_ ? inputs : 0;
    return sum;
  }
  void add(const std::string& target, std::uint64_t inputs) const {
    if (!path_.empty())
      std::ofstream(path_, std::ios::app) << target << ' ' << seed_ << ' ' << inputs << '\n';
  }

 private:
  const std::string path_;
  const std::uint64_t seed_;
};

/// Runs an input that is in a file as long as it runs. Returns why it was refused.
std::string run(const h2::FuzzTarget& target, const Bytes& input, const fs::path& file) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(input.data()),
             static_cast<std::streamsize>(input.size()));
  return h2::fuzz_one(target.name, input.data(), input.size());
}

/// Goes through `count` changed inputs, those that have been run left out. Returns how many it ran.
std::uint64_t run_changed(const h2::FuzzTarget& target, const std::vector<Bytes>& inputs,
                          std::uint64_t seed, std::uint64_t count, const Counts& counts,
                          const fs::path& file) {
  std::uint64_t ran = 0;
  for (std::uint64_t first = counts.of(target.name); first < count; first += kPart) {
    std::seed_seq parts{seed, first};
    std::mt19937_64 random(parts);
    const std::uint64_t part = std::min(kPart, count - first);
    for (std::uint64_t i = 0; i < part; ++i) run(target, changed(inputs, random), file);
    counts.add(target.name, part);
    ran += part;
  }
  return ran;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4 && argc != 5) {
    std::cerr << "replay CORPUS [SEED COUNT [COUNTS]]\n";
    return 2;
  }
  const auto seed = argc >= 4 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const auto count = argc >= 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
  const Counts counts(argc == 5 ? argv[4] : "", seed);
  const fs::path file = h2::Folder::of_process().path() + "/input";  // stays if a target breaks
  std::cerr << "the input under way is in " << file.string() << '\n';
  std::uint64_t all = 0;
  for (const h2::FuzzTarget& target : h2::fuzz_targets()) {
    const std::vector<Bytes> inputs = inputs_of(fs::path(argv[1]) / target.name);
    std::size_t accepted = 0;
    for (const Bytes& input : inputs) {
      const std::string refusal = run(target, input, file);
      accepted += refusal.empty() ? 1 : 0;
      if (argc == 2 && !refusal.empty()) std::cerr << target.name << ": " << refusal << '\n';
    }
    const std::uint64_t ran = run_changed(target, inputs, seed, count, counts, file);
    all += inputs.size() + count;
    std::cout << target.name << ": " << inputs.size() << " inputs, " << accepted << " accepted, "
              << count << " changed, of which " << count - ran << " before" << std::endl;
  }
  std::cout << all << " inputs held\n";
}
