// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "platform/host/training.h"

namespace h2 {

/// One line that says how far a run is: rewritten in place on a terminal, plain lines of growing
/// distance in a pipe. The time left counts what is to be trained and tested at the pace of each.
class Progress {
 public:
  Progress(bool quiet, double clock_mhz);
  void show(const Training::Status& status, std::uint64_t cycle);
  /// Ends the line.
  void finish();
  /// Time left at the pace of what was trained and tested in so many seconds.
  static double seconds_left(const Training::Status& status, double training_seconds,
                             double testing_seconds);

 private:
  using Clock = std::chrono::steady_clock;
  bool due(const Training::Status& status);

  bool quiet_, terminal_;
  double clock_mhz_;
  Clock::time_point last_, shown_;
  double training_seconds_ = 0, testing_seconds_ = 0;
  std::string phase_;
  bool open_ = false;
};

}  // namespace h2
