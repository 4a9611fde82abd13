#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "traces/record/log.h"
#include "traces/record/timeline.h"
#include "traces/record/trace_settings.h"
#include "traces/record/vcd.h"

namespace h2 {

/// What modules say about themselves over time; knows the file formats so that they need not.
/// Scopes and tracks are module names. Without a waveform and a timeline every call returns at
/// once.
class Trace {
 public:
  /// No waveform.
  Trace() = default;
  /// Writes to `path`; `now_ps` tells the simulated time.
  Trace(const std::string& path, const VcdConfig& config, std::function<std::uint64_t()> now_ps);

  /// Has close() convert the waveform to FST too.
  void add_fst() { fst_ = true; }
  /// Adds a timeline; before any module is made.
  void add_timeline(const std::string& path, TraceLevel level,
                    std::function<std::uint64_t()> now_ps);

  /// Adds messages to `out`; before any module is made.
  void add_log(std::vector<Log::Pattern> patterns, std::ostream& out,
               std::function<std::uint64_t()> now_ps);
  /// For the messages of `module`.
  ModuleLog log(const std::string& module) {
    return log_ == nullptr ? ModuleLog() : log_->of(module);
  }

  /// A word (engine state) or number (layer, sub-batch) of which every change is shown; in a
  /// waveform of a coarser level than `from`, none.
  int add_text(const std::string& scope, const std::string& name,
               TraceLevel from = TraceLevel::phases);
  int add_value(const std::string& scope, const std::string& name, int width);
  /// A fast-changing number: every change from `exact` on, below that at most one per 10 us.
  int add_level(const std::string& scope, const std::string& name, int width,
                TraceLevel exact = TraceLevel::bursts);

  /// True if slices of this level are shown.
  bool shows(TraceLevel level) const { return timeline_ != nullptr && level <= timeline_level_; }
  /// A slice on the timeline that ends now.
  void slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
             const nlohmann::ordered_json& arguments);
  /// A slice that ends at a time of its own.
  void slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
             std::uint64_t end_ps, const nlohmann::ordered_json& arguments);
  /// An arrow on the timeline that ends now.
  void arrow(std::uint64_t id, const std::string& from_track, std::uint64_t from_ps,
             const std::string& to_track);

  /// Throws InputError when a selection fits nothing.
  void start();
  void change(int id, std::uint64_t value);
  void change(int id, std::string_view text);
  void close();

 private:
  struct Signal {
    int vcd = VcdWriter::kNotTraced;
    std::string counter;  ///< of the timeline; empty: none
    /// Shown once per sampling interval, on the timeline always.
    bool sampled = false, exact = false, pending = false;
    std::uint64_t value = 0, due_ps = 0;
  };
  int add(const std::string& scope, const std::string& name, Signal signal);
  void change_sampled(int id, std::uint64_t now, std::uint64_t value);
  void show(const Signal& signal, std::uint64_t now);
  /// Shows the levels whose interval is over.
  void settle(std::uint64_t now);

  std::unique_ptr<VcdWriter> vcd_;
  std::string vcd_path_;
  bool fst_ = false;
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<Log> log_;
  TraceLevel timeline_level_ = TraceLevel::phases;
  VcdConfig config_;
  std::function<std::uint64_t()> now_ps_;
  std::vector<Signal> signals_;  // by id
  std::vector<int> pending_;
  std::uint64_t first_due_ps_ = ~std::uint64_t{0};
};

}  // namespace h2
