#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/config/config.h"
#include "traces/vcd.h"

namespace h2 {

/// What modules say about themselves over time; knows the file format so that they need not. Scopes
/// are module names. Without a waveform every call returns at once.
class Trace {
 public:
  /// No waveform.
  Trace() = default;
  /// Writes to `path`; `now_ps` tells the simulated time.
  Trace(const std::string& path, const VcdConfig& config, std::function<std::uint64_t()> now_ps);

  /// A word (engine state) or number (layer, sub-batch) of which every change is shown.
  int add_text(const std::string& scope, const std::string& name);
  int add_value(const std::string& scope, const std::string& name, int width);
  /// A fast-changing number: every change from `exact` on, below that at most one per 10 us.
  int add_level(const std::string& scope, const std::string& name, int width,
                TraceLevel exact = TraceLevel::bursts);

  void start();
  void change(int id, std::uint64_t value);
  void change(int id, std::string_view text);
  void close();

 private:
  /// A level that is shown once per sampling interval.
  struct Sampled {
    bool is = false, pending = false;
    std::uint64_t value = 0, due_ps = 0;
  };
  void change_sampled(int id, std::uint64_t now, std::uint64_t value);
  /// Shows the levels whose interval is over.
  void settle(std::uint64_t now);

  std::unique_ptr<VcdWriter> vcd_;
  VcdConfig config_;
  std::function<std::uint64_t()> now_ps_;
  std::vector<Sampled> sampled_;  // by id
  std::vector<int> pending_;
  std::uint64_t first_due_ps_ = ~std::uint64_t{0};
};

}  // namespace h2
