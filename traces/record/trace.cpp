// SPDX-License-Identifier: Apache-2.0
#include "traces/record/trace.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "traces/record/fst.h"

namespace h2 {
namespace {

constexpr int kWordBits = 16;

VcdSelection selection_of(const VcdConfig& config) {
  VcdSelection s;
  s.scopes = config.scopes;
  s.level = static_cast<int>(config.level);
  s.from_ps = static_cast<std::uint64_t>(config.from_us * 1e6);
  s.to_ps = static_cast<std::uint64_t>(config.to_us * 1e6);
  s.max_bytes = config.max_bytes;
  return s;
}

/// A name that no other module's signal has: "forward_load_busy" for "busy" in "top.forward.load".
std::string leaf_of(const std::string& scope, const std::string& name) {
  const std::size_t board = scope.find('.');
  std::string leaf = board == std::string::npos ? name : scope.substr(board + 1) + "_" + name;
  std::replace(leaf.begin(), leaf.end(), '.', '_');
  return leaf;
}

std::string at_time(std::uint64_t ps) {
  char text[40];
  std::snprintf(text, sizeof text, "%.4f us", static_cast<double>(ps) / 1e6);
  return text;
}

}  // namespace

Trace::Trace(const std::string& path, const VcdConfig& config,
             std::function<std::uint64_t()> now_ps)
    : vcd_(std::make_unique<VcdWriter>(path, selection_of(config))),
      vcd_path_(path),
      config_(config),
      now_ps_(std::move(now_ps)) {}

void Trace::add_timeline(const std::string& path, TraceLevel level,
                         std::function<std::uint64_t()> now_ps, std::uint64_t max_bytes) {
  timeline_ = std::make_unique<Timeline>(path, max_bytes);
  timeline_path_ = path;
  timeline_level_ = level;
  timeline_max_bytes_ = max_bytes;
  now_ps_ = std::move(now_ps);
}

void Trace::add_log(std::vector<Log::Pattern> patterns, std::ostream& out,
                    std::function<std::uint64_t()> now_ps) {
  log_ = std::make_unique<Log>(std::move(patterns), out,
                               [this, now_ps = std::move(now_ps)] { return begin_ps_ + now_ps(); });
}

int Trace::add_signal(const std::string& scope, const std::string& name, Signal signal,
                      SaveFile::Row row, TraceLevel from) {
  row.scope = scope;
  row.leaf = leaf_of(scope, name);
  declared_ = true;
  if (again_) {
    const auto known = std::find_if(rows_.begin(), rows_.end(), [&](const SaveFile::Row& r) {
      return r.scope == scope && r.leaf == row.leaf;
    });
    return known == rows_.end() ? VcdWriter::kNotTraced : static_cast<int>(known - rows_.begin());
  }
  if (vcd_ != nullptr) {
    const int level = static_cast<int>(from);
    signal.vcd = signal.strings ? vcd_->add_text(scope, row.leaf, level)
                                : vcd_->add_wire(scope, row.leaf, row.width, level);
  }
  if (signal.vcd == VcdWriter::kNotTraced && signal.counter.empty()) return VcdWriter::kNotTraced;
  signals_.push_back(std::move(signal));
  rows_.push_back(std::move(row));
  return static_cast<int>(signals_.size()) - 1;
}

int Trace::add_word(const std::string& scope, const std::string& name,
                    std::vector<std::string> words) {
  Signal s;
  s.words = std::move(words);
  s.strings = config_.strings;
  SaveFile::Row row;
  row.kind = SaveFile::Row::Kind::word;
  row.width = s.strings ? 1 : kWordBits;
  return add_signal(scope, name, std::move(s), std::move(row), TraceLevel::phases);
}

int Trace::add_value(const std::string& scope, const std::string& name, int width, TraceLevel from,
                     const std::string& all_ones) {
  SaveFile::Row row;
  row.kind = width == 1 ? SaveFile::Row::Kind::bit : SaveFile::Row::Kind::number;
  row.width = width;
  if (!all_ones.empty()) row.words = {{(std::uint64_t{1} << width) - 1, all_ones}};
  return add_signal(scope, name, {}, std::move(row), from);
}

int Trace::add_bit(const std::string& scope, const std::string& name) {
  Signal s;
  if (timeline_ != nullptr) s.counter = scope + "." + name;
  SaveFile::Row row;
  row.kind = SaveFile::Row::Kind::bit;
  return add_signal(scope, name, std::move(s), std::move(row), TraceLevel::phases);
}

int Trace::add_level(const std::string& scope, const std::string& name, int width,
                     TraceLevel exact) {
  Signal s;
  s.kind = Kind::sampled;
  s.exact_in_vcd = config_.level >= exact;
  if (timeline_ != nullptr) s.counter = scope + "." + name;
  SaveFile::Row row;
  row.kind = SaveFile::Row::Kind::curve;
  row.width = width;
  return add_signal(scope, name, std::move(s), std::move(row), TraceLevel::phases);
}

int Trace::add_rate(const std::string& scope, const std::string& name) {
  Signal s;
  s.kind = Kind::rate;
  if (timeline_ != nullptr) s.counter = scope + "." + name;
  SaveFile::Row row;
  row.kind = SaveFile::Row::Kind::curve;
  row.width = 32;
  return add_signal(scope, name, std::move(s), std::move(row), TraceLevel::phases);
}

void Trace::declare_track(const std::string& track) {
  if (timeline_ != nullptr && !again_) timeline_->declare(track);
}

void Trace::require_matches() const {
  if (vcd_ != nullptr) vcd_->require_matches();
  if (log_ != nullptr) log_->require_matches();
}

void Trace::start() {
  require_matches();
  to_vcd([](VcdWriter& vcd) { vcd.start(); });
  to_timeline([](Timeline& timeline) { timeline.start(); });
}

void Trace::slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
                  const nlohmann::ordered_json& arguments) {
  if (timeline_ != nullptr) slice(track, name, {begin_ps, now_ps_()}, arguments);  // of the board
}

void Trace::slice(const std::string& track, const std::string& name, const Timeline::Span& span,
                  const nlohmann::ordered_json& arguments) {
  to_timeline([&](Timeline& t) { t.slice(track, name, of_run(span), arguments); });
}

void Trace::arrow(std::uint64_t id, const std::string& from_track, const Timeline::Span& from,
                  const std::string& to_track, const Timeline::Span& to) {
  last_arrow_ = first_arrow_ + id;
  to_timeline([&](Timeline& t) {
    t.arrow(first_arrow_ + id, from_track, of_run(from), to_track, of_run(to));
  });
}

void Trace::next_board(std::uint64_t begin_ps) {
  const bool recorded = vcd_ != nullptr || timeline_ != nullptr;
  begin_ps_ = begin_ps;
  again_ = declared_;
  first_arrow_ = last_arrow_;
  if (!recorded) return;
  settle(begin_ps);
  for (Signal& s : signals_) {
    if (s.on) end_rate(s, begin_ps);
    s.pending = false;
    s.due_ps = 0;
    s.left_bytes = 0;
    s.value = 0;
    if (s.strings) {
      to_vcd([&](VcdWriter& vcd) { vcd.change_text(s.vcd, begin_ps, "-"); });
    } else {
      show(s, begin_ps);
    }
  }
  waiting_.clear();
  first_due_ps_ = ~std::uint64_t{0};
}

void Trace::close() {
  if (vcd_ == nullptr && timeline_ == nullptr) return;
  const std::uint64_t now = this->now();
  settle(now);
  for (Signal& s : signals_) {
    if (s.pending) show(s, now);
    s.pending = false;
    if (s.on) end_rate(s, now);
  }
  if (vcd_ != nullptr) close_vcd(now);
  std::uint64_t full_ps = 0;
  to_timeline([&](Timeline& t) {
    full_ps = t.full_ps();
    t.close();
  });
  if (full_ps != 0) {
    notes_.push_back({false,
                      "the timeline ends at " + at_time(full_ps) +
                          ", where it reached trace.timeline.max_bytes = " +
                          std::to_string(timeline_max_bytes_) + "; the run went on",
                      timeline_path_});
  }
  timeline_.reset();
}

SaveFile::Window Trace::first_activity(std::uint64_t end_ps) const {
  constexpr std::uint64_t kMost = 500'000'000;  // a few sub-batches of a small network
  const VcdSelection selection = selection_of(config_);
  if (selection.to_ps != 0) end_ps = std::min(end_ps, selection.to_ps);
  const std::uint64_t begin = std::min(end_ps, std::max(selection.from_ps, first_change_ps_));
  return {begin, std::min(end_ps, begin + kMost)};
}

void Trace::close_vcd(std::uint64_t now) {
  const std::uint64_t full_ps = vcd_->full_ps();
  const std::uint64_t from_ps = selection_of(config_).from_ps;
  to_vcd([&](VcdWriter& vcd) { vcd.close(now); });
  if (vcd_ == nullptr) return;
  if (full_ps != 0) {
    notes_.push_back({false,
                      "the waveform ends at " + at_time(full_ps) +
                          ", where it reached trace.vcd.max_bytes = " +
                          std::to_string(config_.max_bytes) + "; the run went on",
                      vcd_path_});
  }
  if (now < from_ps) {
    notes_.push_back({false,
                      "the waveform holds the last values only: the run ended at " + at_time(now) +
                          ", before trace.vcd.from_us = " + at_time(from_ps),
                      vcd_path_});
  }
  try {
    std::vector<SaveFile::Row> rows;
    for (std::size_t i = 0; i < signals_.size(); ++i) {
      if (signals_[i].vcd == VcdWriter::kNotTraced) continue;
      rows.push_back(rows_[i]);
      if (signals_[i].strings) continue;
      for (std::size_t w = 0; w < signals_[i].words.size(); ++w) {
        rows.back().words.emplace_back(w, signals_[i].words[w]);
      }
    }
    SaveFile::write(vcd_path_, std::move(rows), first_activity(full_ps != 0 ? full_ps : now));
    if (fst_) convert_to_fst(vcd_path_);
  } catch (const RunError& e) {
    notes_.push_back({true, e.what(), vcd_path_});
  }
  vcd_.reset();
}

}  // namespace h2
