#pragma once

#include <chrono>
#include <string>

#include "platform/host/training.h"

namespace h2 {

/// One line that says how far a run is: rewritten in place on a terminal, plain lines of growing
/// distance in a pipe.
class Progress {
 public:
  Progress(bool quiet, double clock_mhz);
  void show(const Training::Status& status, std::uint64_t cycle);
  /// Ends the line.
  void finish();

 private:
  bool due(const Training::Status& status);

  bool quiet_, terminal_;
  double clock_mhz_;
  std::chrono::steady_clock::time_point start_, shown_;
  std::string phase_;
  bool open_ = false;
};

}  // namespace h2
