// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace h2 {

/// Where a piece of YAML comes from, for error messages: a file, or one --set.
struct Source {
  std::string name;
  bool is_file = true;

  /// "file:line:column", counted from 1; just the name where there is no position.
  std::string at(const YAML::Mark& mark) const;
};

/// Throws InputError "where: path: what; legal: legal".
[[noreturn]] void fail(const std::string& where, const std::string& path, const std::string& what,
                       const std::string& legal);

}  // namespace h2
