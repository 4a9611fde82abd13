// SPDX-License-Identifier: Apache-2.0
#include "modules/base/file.h"

#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/device/back_inserter.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <filesystem>
#include <fstream>

#include "modules/base/error.h"

namespace h2 {

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  namespace io = boost::iostreams;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw InputError(path + ": is a folder, not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path + ": cannot be opened");
  const bool compressed = std::filesystem::path(path).extension() == ".gz";
  std::vector<char> bytes;
  try {
    io::filtering_istream input;
    if (compressed) input.push(io::gzip_decompressor());
    input.push(file);
    io::copy(input, io::back_inserter(bytes));
  } catch (const std::ios_base::failure& error) {
    throw InputError(path + (compressed ? ": corrupt or truncated gzip data"
                                        : std::string(": read error: ") + error.what()));
  }
  return {bytes.begin(), bytes.end()};
}

std::string find_file(const std::string& folder, const std::string& name) {
  const std::string plain = (std::filesystem::path(folder) / name).string();
  for (const std::string& path : {plain, plain + ".gz"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

std::string require_file(const std::string& folder, const std::string& name) {
  std::string path = find_file(folder, name);
  if (!path.empty()) return path;
  throw InputError((std::filesystem::path(folder) / name).string() +
                   "[.gz]: no such file (dataset.path is '" + folder + "')");
}

}  // namespace h2
