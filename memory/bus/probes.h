// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "memory/bus/probe.h"
#include "memory/bus/probe_settings.h"

namespace h2 {

/// Binds sockets, with a probe between those that the configuration names. Without any, modules are
/// bound to each other and nothing is left of it.
class Probes {
 public:
  /// None.
  Probes() = default;
  Probes(ProbeConfig config, Trace& trace) : config_(std::move(config)), trace_(&trace) {}

  /// Binds an initiator socket to a target socket. `watched` is the one of both that names the
  /// probe. From a module's constructor, where the probe is made.
  template <class From, class To>
  void connect(From& from, To& to, const sc_core::sc_object& watched) {
    if (Probe* probe = make(watched.name())) {
      from.bind(probe->target);
      probe->initiator.bind(to);
    } else {
      from.bind(to);
    }
  }
  template <class From, class To>
  void connect(From& from, To& to) {
    connect(from, to, from);
  }

  /// Throws InputError if a pattern of the configuration matches no socket.
  void require_matches() const;
  const std::vector<std::unique_ptr<Probe>>& all() const { return probes_; }

 private:
  /// Null if the socket is not to be watched.
  Probe* make(const std::string& socket);

  ProbeConfig config_;
  Trace* trace_ = nullptr;
  std::vector<std::string> sockets_;
  std::vector<std::unique_ptr<Probe>> probes_;
};

}  // namespace h2
