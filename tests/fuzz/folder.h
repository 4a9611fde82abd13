// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace h2 {

/// For readers that take a path; in memory where the system has it, removed at the end.
class Folder {
 public:
  /// The one that all targets of a process use.
  static const Folder& of_process();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// Writes a file of that name, which may lie in folders below. Returns its path.
  std::string write(const std::string& name, const std::uint8_t* data, std::size_t size) const;
  std::string write(const std::string& name, const std::string& text) const;
  std::string path() const { return path_.string(); }

 private:
  Folder();

  std::filesystem::path path_;
};

/// Ends the process unless it holds.
void fuzz_check(bool holds, const char* what);

}  // namespace h2
