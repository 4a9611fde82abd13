// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/probes.h"

#include <algorithm>

#include "modules/base/error.h"
#include "traces/record/glob.h"

namespace h2 {

Probe* Probes::make(const std::string& socket) {
  if (!config_.enable) return nullptr;
  sockets_.push_back(socket);
  if (std::none_of(config_.sockets.begin(), config_.sockets.end(),
                   [&](const std::string& p) { return matches_name(p, socket); })) {
    return nullptr;
  }
  std::string name = "probe_" + socket;
  std::replace(name.begin(), name.end(), '.', '_');
  probes_.push_back(std::make_unique<Probe>(
      name.c_str(), Probe::Settings{socket, config_.check, config_.timeline}, *trace_));
  return probes_.back().get();
}

void Probes::require_matches() const {
  if (!config_.enable) return;
  std::string names;
  for (const std::string& s : sockets_) names += (names.empty() ? "" : ", ") + s;
  for (const std::string& p : config_.sockets) {
    if (std::none_of(sockets_.begin(), sockets_.end(),
                     [&](const std::string& s) { return matches_name(p, s); })) {
      throw InputError("trace.probe.sockets: '" + p + "' matches no socket; legal: " + names);
    }
  }
}

}  // namespace h2
