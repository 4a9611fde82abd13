// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "traces/record/stat_group.h"

namespace h2 {

/// The statistics of one run.
class Statistics {
 public:
  /// Reads a tree; what has no value is left out. Throws std::logic_error for two of one path.
  explicit Statistics(const StatGroup& root);

  /// {"<path>": {value, unit, description, formula}}, by path.
  nlohmann::ordered_json json() const;
  /// path,value,unit
  std::string csv() const;
  /// A table of those whose pattern begins with `prefix`: a column for every part in angle brackets
  /// of the prefix, then one for every kind with its unit, "cycles [cycles]"; a row for each of
  /// `rows`, which fill the parts.
  std::string table(const std::string& prefix,
                    const std::vector<std::vector<std::string>>& rows) const;

 private:
  struct Item {
    StatisticKind kind;
    double value = 0;
  };
  std::map<std::string, Item> items_;
  std::vector<StatisticKind> kinds_;  // in the order in which they were added
};

/// The kinds in a tree, each once, whether or not they have a value.
std::vector<StatisticKind> kinds_in(const StatGroup& root);
/// Kinds as text: pattern, unit, meaning, formula.
std::string describe(const std::vector<StatisticKind>& kinds);
/// The same as {"<pattern>": {unit, description, formula}}.
nlohmann::ordered_json describe_json(const std::vector<StatisticKind>& kinds);

}  // namespace h2
