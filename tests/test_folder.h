// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace h2 {

/// A folder of this test process alone, so that test programs may run beside each other; removed at
/// the process's end.
class TestFolder {
 public:
  TestFolder() : owner_(::getpid()) {
    std::string name = (std::filesystem::temp_directory_path() / "h2_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), name);
    }
    path_ = name;
  }
  ~TestFolder() {
    // A forked process that ends by exit() must leave the folder to its parent.
    std::error_code ignored;
    if (::getpid() == owner_) std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  pid_t owner_;
  std::filesystem::path path_;
};

inline const std::filesystem::path& test_folder() {
  static const TestFolder folder;
  return folder.path();
}

}  // namespace h2
