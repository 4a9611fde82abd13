// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// From construction on, the first SIGINT, SIGTERM, SIGHUP or SIGUSR1 asks the run to end in good
/// order, the second of the same kind ends the process at once.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool requested();
  /// Requested by SIGTERM or SIGUSR1, with which schedulers announce that a job has to make room.
  static bool preempted();
  /// Requested by another one.
  static bool stopped() { return requested() && !preempted(); }
};

}  // namespace h2
