// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "traces/record/trace_settings.h"

namespace h2 {

class Log;

/// Prints the messages of one module if a pattern of the command line selects it. If none does, a
/// call costs one comparison.
class ModuleLog {
 public:
  ModuleLog() = default;
  /// To be asked before a text is put together.
  bool shows(TraceLevel level) const { return log_ != nullptr && level <= level_; }
  void print(const std::string& text) const;

 private:
  friend class Log;
  const Log* log_ = nullptr;
  TraceLevel level_ = TraceLevel::phases;
  std::string module_;
};

/// Messages of chosen modules, one per line: "12.5 us top.controller: tag 3: backward taken".
class Log {
 public:
  /// Glob over module names; one that matches a module takes all below.
  struct Pattern {
    std::string modules;
    TraceLevel level = TraceLevel::phases;
  };
  Log(std::vector<Pattern> patterns, std::ostream& out, std::function<std::uint64_t()> now_ps);

  /// The level of a module is that of the last pattern that matches its name.
  ModuleLog of(const std::string& module);
  /// Throws InputError if a pattern matches no module that was asked for.
  void require_matches() const;

 private:
  friend class ModuleLog;
  std::vector<Pattern> patterns_;
  std::ostream& out_;
  std::function<std::uint64_t()> now_ps_;
  std::vector<std::string> modules_;
};

}  // namespace h2
