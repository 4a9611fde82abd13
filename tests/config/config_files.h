// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "modules/base/error.h"
#include "platform/config/load.h"
#include "tests/test_folder.h"

namespace h2 {

/// A folder of its own for each test, removed afterwards.
class ConfigFiles : public ::testing::Test {
 protected:
  ConfigFiles() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = test_folder() / (std::string(info->test_suite_name()) + "_" + info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ConfigFiles() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto file = folder_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

  Config load(const std::string& text, const std::vector<Override>& sets = {}) const {
    return load_config(write("c.yaml", text), sets);
  }

  /// The error of loading `text`, without the folder; "" if it loads.
  std::string error(const std::string& text, const std::vector<Override>& sets = {}) const {
    return error_of(write("c.yaml", text), sets);
  }

  std::string error_of(const std::string& file, const std::vector<Override>& sets = {}) const {
    try {
      load_config(file, sets);
    } catch (const InputError& e) {
      std::string message = e.what();
      const std::string prefix = folder_.string() + "/";
      for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
        message.erase(at, prefix.size());
      }
      return message;
    }
    return "";
  }

  std::filesystem::path folder_;
};

inline std::string read_text(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace h2
