// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace h2 {

/// What a statistic is.
struct StatisticKind {
  std::string pattern;  ///< dotted path; <parts> stand for names: "layer.<layer>.<engine>.cycles"
  std::string unit, text, formula;
};

/// A node of the tree of statistics. A module adds its own, each in one call, to the group that it
/// is given: that is all that a new counter takes.
class StatGroup {
 public:
  /// The root.
  StatGroup() = default;

  /// A group of its own below this one: "mem0". `stands_for` is the word in angle brackets that
  /// takes its place in patterns, empty for a fixed name. Asked again it returns the same group.
  StatGroup& group(const std::string& name, const std::string& stands_for = "");
  /// A number with its unit, what it is and how it is found. `read` is called at read(), once; it
  /// returns nothing where a run has no such value.
  using Reader = std::function<std::optional<double>()>;
  void add(const std::string& name, const std::string& unit, const std::string& text,
           const std::string& formula, Reader read, const std::string& stands_for = "");

  struct Reading {
    std::string path;
    StatisticKind kind;
    std::optional<double> value;
  };
  /// Every statistic of this group and those below it, in the order in which they were added.
  std::vector<Reading> read() const;

 private:
  struct Entry {
    std::unique_ptr<StatGroup> group;  ///< or a statistic:
    std::string name, in_pattern, unit, text, formula;
    Reader read;
  };
  void read_into(std::vector<Reading>& readings, const std::string& path,
                 const std::string& pattern) const;

  std::string name_, in_pattern_;
  std::vector<Entry> entries_;
};

}  // namespace h2
