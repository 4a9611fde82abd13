#include "traces/results/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace h2 {
namespace {

const StatisticKind& kind_of(const std::string& pattern) {
  const auto& kinds = statistic_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const StatisticKind& k) { return pattern == k.pattern; });
  if (found == kinds.end()) throw std::logic_error("no such statistic: " + pattern);
  return *found;
}

std::string fill(const std::string& pattern, const std::vector<std::string>& names) {
  std::string path;
  std::size_t used = 0, at = 0;
  for (std::size_t open; (open = pattern.find('<', at)) != std::string::npos;) {
    path += pattern.substr(at, open - at) + names.at(used++);
    at = pattern.find('>', open) + 1;
  }
  return path + pattern.substr(at);
}

/// Counts as whole numbers, the rest with what a double holds.
std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, value == std::floor(value) ? "%.0f" : "%.9g", value);
  return text;
}

}  // namespace

void Statistics::set(const std::string& pattern, const std::vector<std::string>& names,
                     double value) {
  const StatisticKind& kind = kind_of(pattern);
  items_[fill(pattern, names)] = {&kind, value};
}

nlohmann::ordered_json Statistics::json() const {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& [path, item] : items_) {
    nlohmann::ordered_json value = item.value;
    if (item.value == std::floor(item.value) && std::abs(item.value) < 9e15) {
      value = static_cast<std::int64_t>(item.value);
    }
    all[path] = {{"value", value},
                 {"unit", item.kind->unit},
                 {"description", item.kind->description},
                 {"formula", item.kind->formula}};
  }
  return all;
}

std::string Statistics::csv() const {
  std::string text = "path,value,unit\n";
  for (const auto& [path, item] : items_) {
    text += path + "," + number(item.value) + "," + item.kind->unit + "\n";
  }
  return text;
}

std::string describe_statistics() {
  std::string text;
  for (const StatisticKind& k : statistic_kinds()) {
    text += std::string(k.pattern) + "  [" + k.unit + "]\n    " + k.description +
            "\n    = " + k.formula + "\n";
  }
  return text;
}

}  // namespace h2
