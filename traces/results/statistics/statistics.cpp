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

std::string Statistics::table(const std::string& prefix,
                              const std::vector<std::vector<std::string>>& rows) const {
  std::string text;
  for (std::size_t open = 0; (open = prefix.find('<', open)) != std::string::npos; ++open) {
    text += (text.empty() ? "" : ",") + prefix.substr(open + 1, prefix.find('>', open) - open - 1);
  }
  std::vector<const StatisticKind*> columns;
  for (const StatisticKind& k : statistic_kinds()) {
    if (std::string(k.pattern).rfind(prefix, 0) != 0) continue;
    columns.push_back(&k);
    text += "," + std::string(k.pattern).substr(prefix.size()) + " [" + k.unit + "]";
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

std::string describe_statistics() {
  std::string text;
  for (const StatisticKind& k : statistic_kinds()) {
    text += std::string(k.pattern) + "  [" + k.unit + "]\n    " + k.description +
            "\n    = " + k.formula + "\n";
  }
  text +=
      "\nIn stats.json also\n"
      "samples\n    interval_us, time_us[] and series{name: unit, values[]}: shares of time "
      "(engine.<engine>.busy)\n    and rates (memory.<memory>.bandwidth) as means over the step "
      "that ends at each time. At most 1,024\n    steps: when they are full, the step doubles.\n"
      "jobs[]\n    the last 512 jobs: engine, layer, sub_batch, phase (forward, backward, "
      "weight_gradient, update),\n    start_cycle and end_cycle since the start of the "
      "simulation.\n"
      "tests[]\n    when test sets ran: start_cycle and end_cycle since the start of the "
      "simulation.\n";
  return text;
}

}  // namespace h2
