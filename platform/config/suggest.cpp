// SPDX-License-Identifier: Apache-2.0
#include "platform/config/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "platform/config/keys.h"

namespace h2 {
namespace {

/// Levenshtein distance.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string path_of(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

/// Nearest key of the same section; else a key of that name elsewhere; else the nearest path.
std::string nearest(const std::string& section, const std::string& name) {
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::string found;
  const auto consider = [&](const std::string& candidate, const std::string& path,
                            const std::string& wanted) {
    const std::size_t distance = edit_distance(candidate, wanted);
    if (distance >= best) return;
    best = distance;
    found = path;
  };
  for (const std::string& child : children(section)) {
    consider(child, path_of(section, child), name);
  }
  if (!found.empty()) return found;
  for (const Key& key : key_table()) {
    if (key.path.substr(key.path.rfind('.') + 1) == name) return key.path;
  }
  for (const Key& key : key_table()) consider(key.path, key.path, path_of(section, name));
  return found;
}

}  // namespace

std::string describe_unknown_key(const std::string& section, const std::string& name) {
  if (name.size() > 100) return "unknown key";
  const std::string meant = nearest(section, name);
  return meant.empty() ? "unknown key" : "unknown key, did you mean " + meant + "?";
}

}  // namespace h2
