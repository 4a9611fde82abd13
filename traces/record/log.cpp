// SPDX-License-Identifier: Apache-2.0
#include "traces/record/log.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "modules/base/error.h"
#include "traces/record/glob.h"

namespace h2 {

Log::Log(std::vector<Pattern> patterns, std::ostream& out, std::function<std::uint64_t()> now_ps)
    : patterns_(std::move(patterns)), out_(out), now_ps_(std::move(now_ps)) {}

ModuleLog Log::of(const std::string& module) {
  modules_.push_back(module);
  ModuleLog log;
  log.module_ = module;
  for (const Pattern& p : patterns_) {
    if (!matches_name(p.modules, module)) continue;
    log.log_ = this;
    log.level_ = p.level;
  }
  return log;
}

void Log::require_matches() const {
  std::string names;
  for (const std::string& m : modules_) names += (names.empty() ? "" : ", ") + m;
  for (const Pattern& p : patterns_) {
    if (std::none_of(modules_.begin(), modules_.end(),
                     [&](const std::string& m) { return matches_name(p.modules, m); })) {
      throw InputError("-v " + p.modules + ": matches no module; legal: " + names);
    }
  }
}

void ModuleLog::print(const std::string& text) const {
  char time[32];
  std::snprintf(time, sizeof time, "%.4f", static_cast<double>(log_->now_ps_()) / 1e6);
  log_->out_ << time << " us " << module_ << ": " << text << '\n';
}

}  // namespace h2
