// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <systemc>

#include "traces/record/trace.h"

namespace h2 {

struct HostAccess;

/// What the host does, for observers: its state in the waveform; slices on the timeline
/// (track `host` for accesses, waits and work, `host`.interrupt for the interrupt line, others
/// below `host` for what the program shows); messages.
class HostView {
 public:
  HostView(const std::string& host, Trace& trace);

  /// Of the waveform, from now on: program (the processor computes), access, wait (for the
  /// interrupt), work (a sub-batch's computation), done.
  void enter(std::string_view state) const { trace_.change(state_signal_, state); }
  /// True if slices or messages are recorded; the calls below do nothing otherwise.
  bool on() const;
  /// An access or wait that ends now.
  void access(const HostAccess& access) const;
  /// Computation that ends now.
  void work(const sc_core::sc_time& begin) const;
  /// What the program has done, on the track `host`.`row`.
  void slice(const std::string& row, const std::string& name, const Timeline::Span& span) const;
  /// The interrupt line has changed.
  void interrupt(bool up);

 private:
  const std::string host_;
  Trace& trace_;
  const ModuleLog log_;
  const int state_signal_;
  sc_core::sc_time up_since_;
};

}  // namespace h2
