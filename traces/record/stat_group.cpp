// SPDX-License-Identifier: Apache-2.0
#include "traces/record/stat_group.h"

#include <utility>

namespace h2 {
namespace {

std::string in_pattern(const std::string& name, const std::string& stands_for) {
  return stands_for.empty() ? name : "<" + stands_for + ">";
}

}  // namespace

StatGroup& StatGroup::group(const std::string& name, const std::string& stands_for) {
  for (const Entry& entry : entries_) {
    if (entry.group != nullptr && entry.group->name_ == name) return *entry.group;
  }
  entries_.emplace_back();
  entries_.back().group = std::make_unique<StatGroup>();
  StatGroup& added = *entries_.back().group;
  added.name_ = name;
  added.in_pattern_ = in_pattern(name, stands_for);
  return added;
}

void StatGroup::add(const std::string& name, const std::string& unit, const std::string& text,
                    const std::string& formula, Reader read, const std::string& stands_for) {
  entries_.push_back(
      {nullptr, name, in_pattern(name, stands_for), unit, text, formula, std::move(read)});
}

std::vector<StatGroup::Reading> StatGroup::read() const {
  std::vector<Reading> readings;
  read_into(readings, "", "");
  return readings;
}

void StatGroup::read_into(std::vector<Reading>& readings, const std::string& path,
                          const std::string& pattern) const {
  for (const Entry& e : entries_) {
    if (e.group != nullptr) {
      e.group->read_into(readings, path + e.group->name_ + ".",
                         pattern + e.group->in_pattern_ + ".");
    } else {
      readings.push_back(
          {path + e.name, {pattern + e.in_pattern, e.unit, e.text, e.formula}, e.read()});
    }
  }
}

}  // namespace h2
