#pragma once

#include <string>
#include <systemc>

#include "traces/trace.h"

namespace h2 {

struct HostAccess;

/// What the host does, for those who watch: slices on the timeline (track `host` for accesses,
/// waits and work, `host`.interrupt for the interrupt line) and messages.
class HostView {
 public:
  HostView(const std::string& host, Trace& trace);

  /// True if anybody watches; the calls below are idle otherwise.
  bool on() const;
  /// An access or wait that ends now.
  void access(const HostAccess& access) const;
  /// Computation that ends now.
  void work(const sc_core::sc_time& begin) const;
  /// The interrupt line has changed.
  void interrupt(bool up);

 private:
  const std::string host_;
  Trace& trace_;
  const ModuleLog log_;
  sc_core::sc_time up_since_;
};

}  // namespace h2
