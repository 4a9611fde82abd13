// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// From construction on, the first SIGINT, SIGTERM or SIGHUP asks the run to end in good order, the
/// second ends the process at once.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool requested();
};

}  // namespace h2
