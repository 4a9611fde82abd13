#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace h2 {

/// What a statistic is. `pattern` is a dotted path; <parts> stand for names, as in
/// "layer.<layer>.<engine>.cycles".
struct StatisticKind {
  const char* pattern;
  const char* unit;
  const char* description;
  const char* formula;  ///< in terms of other statistics or of what is counted
};

/// Every statistic there is: the only place that names them.
const std::vector<StatisticKind>& statistic_kinds();

/// Values of one run, each of a known kind.
class Statistics {
 public:
  /// `names` fill the <parts> of the pattern in order. Throws std::logic_error for an unknown
  /// pattern.
  void set(const std::string& pattern, const std::vector<std::string>& names, double value);

  /// {"<path>": {value, unit, description, formula}}, by path.
  nlohmann::ordered_json json() const;
  /// path,value,unit
  std::string csv() const;
  /// A table of the kinds whose pattern begins with `prefix`, which `rows` fill: a column for every
  /// part of the prefix, then one for every kind with its unit, "cycles [cycles]".
  std::string table(const std::string& prefix,
                    const std::vector<std::vector<std::string>>& rows) const;

 private:
  struct Item {
    const StatisticKind* kind = nullptr;
    double value = 0;
  };
  std::map<std::string, Item> items_;
};

/// All kinds as a table: path, unit, description, formula.
std::string describe_statistics();

}  // namespace h2
