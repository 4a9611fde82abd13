// SPDX-License-Identifier: Apache-2.0
#include "modules/base/result_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "modules/base/error.h"

namespace h2 {

std::string partial_name(const std::string& path) { return path + ".partial"; }

void publish(const std::string& path) {
  if (std::rename(partial_name(path).c_str(), path.c_str()) == 0) return;
  throw RunError(path + ": cannot be written: " + std::strerror(errno));
}

void require_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  throw InputError(path + ": cannot be written: " + folder.string() + " is no folder");
}

void write_result(const std::string& path, const std::string& text) {
  const std::string partial = partial_name(path);
  errno = 0;
  std::ofstream file(partial, std::ios::binary);
  file << text;
  file.close();
  if (!file) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "unknown reason";
    std::remove(partial.c_str());
    throw RunError(path + ": cannot be written: " + reason);
  }
  publish(path);
}

}  // namespace h2
