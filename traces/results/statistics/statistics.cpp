// SPDX-License-Identifier: Apache-2.0
#include "traces/results/statistics/statistics.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <utility>

namespace h2 {
namespace {

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

std::vector<StatisticKind> kinds_in(const StatGroup& root) {
  std::vector<StatisticKind> kinds;
  std::set<std::string> seen;
  for (StatGroup::Reading& r : root.read()) {
    if (seen.insert(r.kind.pattern).second) kinds.push_back(std::move(r.kind));
  }
  return kinds;
}

Statistics::Statistics(const StatGroup& root) : kinds_(kinds_in(root)) {
  for (StatGroup::Reading& r : root.read()) {
    if (!r.value) continue;
    const auto [item, is_new] = items_.try_emplace(r.path, Item{std::move(r.kind), *r.value});
    if (!is_new) throw std::logic_error("two statistics of one path: " + item->first);
  }
}

nlohmann::ordered_json Statistics::json() const {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& [path, item] : items_) {
    nlohmann::ordered_json value = item.value;
    if (item.value == std::floor(item.value) && std::abs(item.value) < 9e15) {
      value = static_cast<std::int64_t>(item.value);
    }
    all[path] = {{"value", value},
                 {"unit", item.kind.unit},
                 {"description", item.kind.text},
                 {"formula", item.kind.formula}};
  }
  return all;
}

std::string Statistics::csv() const {
  std::string text = "path,value,unit\n";
  for (const auto& [path, item] : items_) {
    text += path + "," + number(item.value) + "," + item.kind.unit + "\n";
  }
  return text;
}

std::string Statistics::table(const std::string& prefix,
                              const std::vector<std::vector<std::string>>& rows) const {
  std::string text;
  for (std::size_t open = 0; (open = prefix.find('<', open)) != std::string::npos; ++open) {
    text += (text.empty() ? "" : ",") + prefix.substr(open + 1, prefix.find('>', open) - open - 1);
  }
  std::vector<const StatisticKind*> columns;
  for (const StatisticKind& k : kinds_) {
    // What has names of its own beside the rows' is no column.
    const bool own = k.pattern.find('<', prefix.size()) != std::string::npos;
    if (own || k.pattern.rfind(prefix, 0) != 0) continue;
    columns.push_back(&k);
    text += "," + k.pattern.substr(prefix.size()) + " [" + k.unit + "]";
  }
  text += "\n";
  for (const std::vector<std::string>& names : rows) {
    std::string row;
    for (const std::string& name : names) row += (row.empty() ? "" : ",") + name;
    for (const StatisticKind* k : columns) {
      const auto item = items_.find(fill(k->pattern, names));
      row += "," + (item == items_.end() ? "" : number(item->second.value));
    }
    text += row + "\n";
  }
  return text;
}

std::string describe(const std::vector<StatisticKind>& kinds) {
  std::string text;
  for (const StatisticKind& k : kinds) {
    text += k.pattern + "  [" + k.unit + "]\n    " + k.text + "\n    = " + k.formula + "\n";
  }
  return text;
}

nlohmann::ordered_json describe_json(const std::vector<StatisticKind>& kinds) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const StatisticKind& k : kinds) {
    all[k.pattern] = {{"unit", k.unit}, {"description", k.text}, {"formula", k.formula}};
  }
  return all;
}

}  // namespace h2
