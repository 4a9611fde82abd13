// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "modules/base/error.h"
#include "traces/record/log.h"
#include "traces/record/save_file.h"
#include "traces/record/timeline.h"
#include "traces/record/trace_settings.h"
#include "traces/record/vcd.h"

namespace h2 {

/// What happened to a trace file that the run outlived.
struct TraceNote {
  bool failed = false;  ///< the file could not be written
  std::string text;     ///< one sentence
  std::string where;    ///< file
};

/// What modules report over time; the only place that knows the file formats.
/// Scopes and tracks are module names. Without a waveform and a timeline every call returns at
/// once. A file that cannot be written is given up with a note: a trace never ends a run.
class Trace {
 public:
  /// No waveform.
  Trace() = default;
  /// Writes to `path`; `now_ps` returns the simulated time.
  Trace(const std::string& path, const VcdConfig& config, std::function<std::uint64_t()> now_ps);

  /// Has close() convert the waveform to FST too.
  void add_fst() { fst_ = true; }
  /// Adds a timeline that ends at `max_bytes` (0: never); before any module is made.
  void add_timeline(const std::string& path, TraceLevel level,
                    std::function<std::uint64_t()> now_ps, std::uint64_t max_bytes = 0);

  /// Adds messages to `out`; before any module is made.
  void add_log(std::vector<Log::Pattern> patterns, std::ostream& out,
               std::function<std::uint64_t()> now_ps);
  /// A board begins at `begin_ps` of the run and counts time from there. If it takes the place of
  /// another, its modules declare the same signals and tracks and go on with them, from 0.
  void next_board(std::uint64_t begin_ps);

  /// For the messages of `module`.
  ModuleLog log(const std::string& module) {
    return log_ == nullptr ? ModuleLog() : log_->of(module);
  }

  /// A word (engine state, layer) of which every change is shown. In the waveform it is the word's
  /// number in a table that GTKWave reads: first `words` in their order, then others as they come.
  int add_word(const std::string& scope, const std::string& name, std::vector<std::string> words);
  /// A number (sub-batch) or bit of which every change is shown; in a waveform of a coarser level
  /// than `from`, none. A value of all ones is shown as `all_ones` unless that is empty.
  int add_value(const std::string& scope, const std::string& name, int width,
                TraceLevel from = TraceLevel::phases, const std::string& all_ones = "");
  /// A bit that is on the timeline too.
  int add_bit(const std::string& scope, const std::string& name);
  /// A fast-changing number: every change from level `exact` on. Below that, the first change of
  /// every 10 us, the value at their end, and every change from and to 0.
  int add_level(const std::string& scope, const std::string& name, int width,
                TraceLevel exact = TraceLevel::bursts);
  /// MB/s of bytes, uW of picojoules: what add() counts between on and off, as means over the parts
  /// of a grid of 10 us, the last two before off taken as one; 0 where it is off: the integral is
  /// the bytes.
  int add_rate(const std::string& scope, const std::string& name);
  /// A row of the timeline; rows are shown in the order in which they are declared.
  void declare_track(const std::string& track);

  /// True if slices of this level are shown.
  bool shows(TraceLevel level) const { return timeline_ != nullptr && level <= timeline_level_; }
  /// A slice on the timeline that ends now.
  void slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
             const nlohmann::ordered_json& arguments);
  /// A slice that ends at a time of its own.
  void slice(const std::string& track, const std::string& name, const Timeline::Span& span,
             const nlohmann::ordered_json& arguments);
  /// An arrow on the timeline between two slices.
  void arrow(std::uint64_t id, const std::string& from_track, const Timeline::Span& from,
             const std::string& to_track, const Timeline::Span& to);

  /// Throws InputError when a selection fits nothing; no file is touched.
  void require_matches() const;
  /// Creates the files, after require_matches().
  void start();
  void change(int id, std::uint64_t value);
  void change(int id, std::string_view word);
  void rate_on(int id);
  void rate_off(int id);
  void add(int id, std::uint64_t bytes);
  /// Ends the files and gives them their names. The waveform gets a save file for GTKWave.
  void close();

  /// What close() and the run before it had to say of the files.
  const std::vector<TraceNote>& notes() const { return notes_; }

 private:
  enum class Kind { exact, sampled, rate };
  struct Part {
    std::uint64_t since_ps = 0, bytes = 0;
  };
  struct Signal {
    Kind kind = Kind::exact;
    int vcd = VcdWriter::kNotTraced;
    std::string counter;  ///< of the timeline; empty: none
    std::vector<std::string> words;
    bool strings = false;  ///< words as they are
    bool exact_in_vcd = true;
    std::uint64_t value = 0, counted = 0;  ///< now; last one of the counter
    bool pending = false;                  ///< sampled: `value` is to be shown at due_ps
    std::uint64_t due_ps = 0;              ///< end of the part of the grid
    bool on = false;                       ///< rate
    std::vector<Part> parts;               ///< those whose value is to be told, at most two
    std::uint64_t left_bytes = 0;          ///< of an on and off at one time
  };

  std::uint64_t now() const { return begin_ps_ + now_ps_(); }
  Timeline::Span of_run(const Timeline::Span& of_board) const {
    return {begin_ps_ + of_board.begin_ps, begin_ps_ + of_board.end_ps};
  }
  int add_signal(const std::string& scope, const std::string& name, Signal signal,
                 SaveFile::Row row, TraceLevel from);
  void change_sampled(int id, std::uint64_t now, std::uint64_t value);
  void show(Signal& signal, std::uint64_t at_ps);
  void count_at(Signal& signal, std::uint64_t at_ps);
  void open_part(Signal& signal, std::uint64_t begin_ps);
  /// Tells the mean over the first `count` parts, which end at `end_ps`.
  void tell_parts(Signal& signal, std::size_t count, std::uint64_t end_ps);
  void end_rate(Signal& signal, std::uint64_t now);
  /// Shows what was due before now.
  void settle(std::uint64_t now);
  void settle_at(std::uint64_t due_ps);
  void wake_for(int id);
  void close_vcd(std::uint64_t now);
  /// What the page for GTKWave shows first, of a waveform that ends at `end_ps`.
  SaveFile::Window first_activity(std::uint64_t end_ps) const;

  /// Calls `write` with the file, which is given up if that fails.
  template <class Write>
  void to_vcd(Write write);
  template <class Write>
  void to_timeline(Write write);

  std::unique_ptr<VcdWriter> vcd_;
  std::string vcd_path_, timeline_path_;
  bool fst_ = false;
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<Log> log_;
  TraceLevel timeline_level_ = TraceLevel::phases;
  std::uint64_t timeline_max_bytes_ = 0;
  VcdConfig config_;
  std::function<std::uint64_t()> now_ps_;  // of the board
  std::uint64_t begin_ps_ = 0;             // of the board in the run
  bool declared_ = false;                  // signals are known
  bool again_ = false;                     // signals and tracks are known from an earlier board
  std::uint64_t first_arrow_ = 0, last_arrow_ = 0;
  std::vector<Signal> signals_;      // by id
  std::vector<SaveFile::Row> rows_;  // by id
  std::vector<int> waiting_;         // signals with something due
  std::uint64_t first_due_ps_ = ~std::uint64_t{0};
  std::uint64_t first_change_ps_ = 0;
  std::vector<TraceNote> notes_;
};

template <class Write>
void Trace::to_vcd(Write write) {
  if (vcd_ == nullptr) return;
  try {
    write(*vcd_);
  } catch (const RunError& e) {
    notes_.push_back({true, std::string("the waveform is given up: ") + e.what(), vcd_path_});
    vcd_->discard();
    vcd_.reset();
  }
}

template <class Write>
void Trace::to_timeline(Write write) {
  if (timeline_ == nullptr) return;
  try {
    write(*timeline_);
  } catch (const RunError& e) {
    notes_.push_back({true, std::string("the timeline is given up: ") + e.what(), timeline_path_});
    timeline_->discard();
    timeline_.reset();
  }
}

}  // namespace h2
