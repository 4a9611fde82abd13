// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/folder.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace h2 {

namespace fs = std::filesystem;

const Folder& Folder::of_process() {
  static const Folder made;
  return made;
}

Folder::Folder() {
  const char* const base = fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
  path_ = fs::path(base) / ("h2-fuzz-" + std::to_string(getpid()));
  fs::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::uint8_t* data,
                          std::size_t size) const {
  const fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return file.string();
}

std::string Folder::write(const std::string& name, const std::string& text) const {
  return write(name, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

void fuzz_check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzzing: %s\n", what);
  std::abort();
}

}  // namespace h2
