// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/probe_line.h"

namespace h2 {
namespace {

TEST(ProbePhases, LegalOrdersPass) {
  Line line;
  line.run([&] {
    auto& initiator = line.initiator;
    auto& target = line.target;
    CountedPayload p, q;
    target.forward = complete;  // one call
    initiator.send(p, tlm::BEGIN_REQ);
    target.forward = accept;  // four phases; the request ends while the response begins
    initiator.send(p.renew(), tlm::BEGIN_REQ);
    sc_core::wait(ns(1));
    target.send(p, tlm::END_REQ);
    initiator.send(q, tlm::BEGIN_REQ);
    p.answer();
    target.send(p, tlm::BEGIN_RESP);
    sc_core::wait(ns(1));
    initiator.send(p, tlm::END_RESP);
    q.answer();
    initiator.backward = complete;  // BEGIN_RESP implies END_REQ, its return END_RESP
    target.send(q, tlm::BEGIN_RESP);
    target.forward = [](auto& payload, auto& phase, auto& delay) {
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
      phase = tlm::BEGIN_RESP;
      delay += ns(5);
      return tlm::TLM_UPDATED;
    };
    initiator.send(q.renew(), tlm::BEGIN_REQ);
    target.forward = accept;
    initiator.send(q, tlm::END_RESP, ns(6));
  });
  EXPECT_TRUE(line.found.empty()) << line.found.front().text;
  EXPECT_EQ(line.probe.stats().transactions, 4U);
  EXPECT_EQ(line.probe.stats().most_open, 2U);
  EXPECT_EQ(line.probe.stats().read_bytes, 4U * 64);
  EXPECT_EQ(line.probe.stats().latency.max(), 5000);
}

/// Each sequence breaks the order with its last call.
TEST(ProbePhases, FindsPhasesOutOfOrder) {
  struct Step {
    bool forward;
    tlm::tlm_phase phase;
  };
  const Step begin{true, tlm::BEGIN_REQ}, accepted{false, tlm::END_REQ},
      answer{false, tlm::BEGIN_RESP}, end{true, tlm::END_RESP};
  const std::vector<std::pair<const char*, std::vector<Step>>> cases{
      {"END_RESP without", {end}},
      {"END_RESP without", {begin, end}},
      {"END_RESP without", {begin, accepted, end}},
      {"END_RESP without", {begin, accepted, answer, end, end}},
      {"not under way", {accepted}},
      {"not under way", {answer}},
      {"END_REQ behind", {begin, accepted, accepted}},
      {"END_REQ behind", {begin, answer, accepted}},
      {"second time", {begin, answer, answer}},
      {"under way", {begin, accepted, begin}},
      {"on the forward path", {{true, tlm::BEGIN_RESP}}},
      {"on the backward path", {{false, tlm::BEGIN_REQ}}}};
  for (const auto& [text, steps] : cases) {
    SCOPED_TRACE(text);
    Line line;
    line.run([&, &steps = steps] {
      line.target.forward = accept;
      line.initiator.backward = accept;
      CountedPayload p;
      for (const Step& s : steps) {
        p.set_response_status(s.phase == tlm::BEGIN_REQ ? tlm::TLM_INCOMPLETE_RESPONSE
                                                        : tlm::TLM_OK_RESPONSE);
        if (s.forward) {
          line.initiator.send(p, s.phase);
        } else {
          line.target.send(p, s.phase);
        }
      }
    });
    line.expect(Rule::phase_order, text);
  }
}

TEST(ProbePhases, FindsWrongReturns) {
  struct Case {
    const char* text;
    tlm::tlm_sync_enum status;
    tlm::tlm_phase phase;
  };
  for (const Case& c : {Case{"TLM_UPDATED with END_RESP", tlm::TLM_UPDATED, tlm::END_RESP},
                        Case{"another phase", tlm::TLM_ACCEPTED, tlm::END_REQ}}) {
    Line line;
    line.run([&] {
      CountedPayload p;
      line.target.forward = [&](auto&, auto& phase, auto&) {
        phase = c.phase;
        return c.status;
      };
      line.initiator.send(p, tlm::BEGIN_REQ);
    });
    line.expect(Rule::phase_order, c.text);
  }
  Line line;
  line.run([&] {
    CountedPayload p;
    line.target.forward = accept;
    line.initiator.backward = [](auto&, auto&, auto&) { return tlm::TLM_COMPLETED; };
    line.initiator.send(p, tlm::BEGIN_REQ);
    line.target.send(p, tlm::END_REQ);
  });
  line.expect(Rule::phase_order, "END_REQ returned TLM_COMPLETED");
}

TEST(ProbePhases, FindsASecondRequestInProgress) {
  Line line;
  line.run([&] {
    CountedPayload p, q;
    line.target.forward = accept;
    line.initiator.send(p, tlm::BEGIN_REQ);
    line.initiator.send(q, tlm::BEGIN_REQ);
  });
  line.expect(Rule::exclusion, "BEGIN_REQ before END_REQ");
}

/// The annotations count: the first request ends at 10 ns, the second begins at 3 ns.
TEST(ProbePhases, FindsASecondRequestInTheTimeOfTheFirst) {
  Line line;
  line.run([&] {
    CountedPayload p, q;
    line.target.forward = [](auto&, auto& phase, auto& delay) {
      phase = tlm::END_REQ;
      delay += ns(10);
      return tlm::TLM_UPDATED;
    };
    line.initiator.send(p, tlm::BEGIN_REQ);
    line.initiator.send(q, tlm::BEGIN_REQ, ns(3));
  });
  line.expect(Rule::exclusion, "BEGIN_REQ at 3 ns");
}

TEST(ProbePhases, FindsASecondResponseInProgress) {
  Line line;
  line.run([&] {
    CountedPayload p, q;
    line.target.forward = [](auto&, auto& phase, auto&) {
      phase = tlm::END_REQ;
      return tlm::TLM_UPDATED;
    };
    line.initiator.backward = accept;
    line.initiator.send(p, tlm::BEGIN_REQ);
    line.initiator.send(q, tlm::BEGIN_REQ);
    p.answer();
    q.answer();
    line.target.send(p, tlm::BEGIN_RESP);
    line.target.send(q, tlm::BEGIN_RESP);
  });
  line.expect(Rule::exclusion, "BEGIN_RESP before END_RESP");
}

TEST(ProbePhases, FindsTimeThatGoesBack) {
  {
    Line line;
    line.run([&] {
      CountedPayload p;
      line.target.blocking = [](auto& payload, auto& delay) {
        delay = sc_core::SC_ZERO_TIME;  // forgets what the initiator had annotated
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
      };
      line.initiator.blocking(p, ns(20));
    });
    line.expect(Rule::timing, "went back from 20 ns to 0 s");
  }
  Line line;
  line.run([&] {
    CountedPayload p;
    line.target.forward = accept;
    line.initiator.backward = complete;
    line.initiator.send(p, tlm::BEGIN_REQ, ns(20));
    p.answer();
    line.target.send(p, tlm::BEGIN_RESP, ns(4));
  });
  line.expect(Rule::timing, "went back from 20 ns to 4 ns");
}

TEST(ProbePhases, FindsNegativeDelays) {
  Line line;
  line.run([&] {
    CountedPayload p;
    line.target.blocking = [](auto& payload, auto& delay) {
      delay = delay - ns(1);  // times have no sign
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
    };
    sc_core::wait(ns(1));
    line.initiator.blocking(p);
  });
  ASSERT_FALSE(line.found.empty());
  EXPECT_EQ(line.found[0].rule, Rule::timing);
  EXPECT_NE(line.found[0].text.find("annotated delay"), std::string::npos) << line.found[0].text;
}

}  // namespace
}  // namespace h2
