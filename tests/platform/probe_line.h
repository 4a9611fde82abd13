// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "memory/bus/probe.h"
#include "tests/platform/scripted_sockets.h"
#include "tests/platform/simulation.h"

namespace h2 {

using Rule = Violation::Rule;

/// A scripted initiator and target with a probe between them that writes down what it finds.
struct Line {
  FreshContext context;
  Trace trace;
  ScriptedInitiator initiator{"initiator"};
  ScriptedTarget target{"target"};
  Probe probe{"probe", {"line", true, false}, trace};
  std::vector<Violation> found;

  Line() {
    initiator.socket.bind(probe.target);
    probe.initiator.bind(target.socket);
    probe.on_violation = [this](const Violation& v) { found.push_back(v); };
  }
  /// Runs `program` in a thread process.
  void run(std::function<void()> program) {
    initiator.program = std::move(program);
    sc_core::sc_start();
  }
  /// Exactly one rule was broken, this one.
  void expect(Rule rule, const std::string& text) const {
    ASSERT_EQ(found.size(), 1U) << (found.size() > 1 ? found[1].text : "nothing found");
    EXPECT_EQ(found[0].rule, rule) << name_of(found[0].rule) << ": " << found[0].text;
    EXPECT_NE(found[0].text.find(text), std::string::npos) << found[0].text;
  }
};

inline sc_core::sc_time ns(double n) { return {n, sc_core::SC_NS}; }

/// An answer at once.
inline tlm::tlm_sync_enum complete(tlm::tlm_generic_payload& p, tlm::tlm_phase&,
                                   sc_core::sc_time&) {
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  return tlm::TLM_COMPLETED;
}
inline tlm::tlm_sync_enum accept(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) {
  return tlm::TLM_ACCEPTED;
}

}  // namespace h2
