// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/probe_line.h"

// What a probe finds at one socket; phases are in probe_phases_test.cpp.

namespace h2 {
namespace {

TEST(Probe, FindsAMissingResponseStatus) {
  Line line;
  line.run([&] {
    CountedPayload p;
    line.target.forward = [](auto&, auto&, auto&) { return tlm::TLM_COMPLETED; };
    line.initiator.send(p, tlm::BEGIN_REQ);
  });
  line.expect(Rule::response_status, "answered with TLM_INCOMPLETE_RESPONSE");
}

TEST(Probe, FindsAStatusLeftOverFromBefore) {
  Line line;
  line.run([&] {
    CountedPayload p;
    p.answer();
    line.target.blocking = [](auto& payload, auto&) {
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
    };
    line.initiator.blocking(p);
  });
  line.expect(Rule::response_status, "sent with TLM_OK_RESPONSE");
}

/// Every field, by blocking and by non-blocking transport.
TEST(Probe, FindsChangedAttributes) {
  using Change = std::function<void(tlm::tlm_generic_payload&)>;
  static unsigned char other[64];
  const std::pair<const char*, Change> changes[] = {
      {"command", [](auto& p) { p.set_write(); }},
      {"address", [](auto& p) { p.set_address(4); }},
      {"data pointer", [](auto& p) { p.set_data_ptr(other); }},
      {"data length", [](auto& p) { p.set_data_length(32); }},
      {"byte enable pointer", [](auto& p) { p.set_byte_enable_ptr(other); }},
      {"byte enable length", [](auto& p) { p.set_byte_enable_length(4); }},
      {"streaming width", [](auto& p) { p.set_streaming_width(4); }}};
  for (const auto& [field, change] : changes) {
    SCOPED_TRACE(field);
    const std::string text = std::string(field) + " changed";
    {
      Line line;
      line.run([&, &change = change] {
        CountedPayload p;
        line.target.blocking = [&](auto& payload, auto&) {
          change(payload);
          payload.set_response_status(tlm::TLM_OK_RESPONSE);
        };
        line.initiator.blocking(p);
      });
      line.expect(Rule::attributes, text);
    }
    Line line;
    line.run([&, &change = change] {
      CountedPayload p;
      line.target.forward = accept;
      line.initiator.send(p, tlm::BEGIN_REQ);
      change(p);  // while the transaction is under way, by whomever
      p.answer();
      line.initiator.backward = complete;
      line.target.send(p, tlm::BEGIN_RESP);
    });
    line.expect(Rule::attributes, text);
  }
}

/// What lies behind the socket may translate the address, and gives it back in the answer.
TEST(Probe, AddressMayBeTranslatedUntilTheAnswer) {
  Line line;
  line.run([&] {
    CountedPayload p;
    line.target.forward = [](auto& payload, auto& phase, auto&) {
      payload.set_address(0);
      phase = tlm::END_REQ;
      return tlm::TLM_UPDATED;
    };
    line.initiator.send(p, tlm::BEGIN_REQ);
    p.set_address(CountedPayload::kAddress);
    p.answer();
    line.initiator.backward = complete;
    line.target.send(p, tlm::BEGIN_RESP);
  });
  EXPECT_TRUE(line.found.empty());
}

TEST(Probe, FindsWaits) {
  const std::function<void(Line&)> cases[] = {[](Line& line) {
                                                CountedPayload p;
                                                line.target.debug = [](auto&) {
                                                  sc_core::wait(ns(1));
                                                  return 64U;
                                                };
                                                line.initiator.socket->transport_dbg(p);
                                              },
                                              [](Line& line) {
                                                CountedPayload p;
                                                tlm::tlm_dmi dmi;
                                                line.target.direct = [](auto&, auto&) {
                                                  sc_core::wait(sc_core::SC_ZERO_TIME);
                                                  return false;
                                                };
                                                line.initiator.socket->get_direct_mem_ptr(p, dmi);
                                              },
                                              [](Line& line) {
                                                CountedPayload p;
                                                line.target.forward = [](auto& payload, auto& phase,
                                                                         auto& delay) {
                                                  sc_core::wait(ns(1));
                                                  return complete(payload, phase, delay);
                                                };
                                                line.initiator.send(p, tlm::BEGIN_REQ);
                                              }};
  for (const auto& program : cases) {
    Line line;
    line.run([&] { program(line); });
    line.expect(Rule::no_wait, "called wait()");
  }
}

TEST(Probe, FindsDebugThatMovesTooMuch) {
  Line line;
  line.run([&] {
    CountedPayload p;
    line.target.debug = [](auto&) { return 65U; };
    line.initiator.socket->transport_dbg(p);
  });
  line.expect(Rule::attributes, "returned 65 B");
  EXPECT_EQ(line.probe.stats().debug_accesses, 1U);
}

TEST(Probe, FindsUselessDirectAccess) {
  static unsigned char bytes[64];
  using Grant = std::function<void(tlm::tlm_dmi&)>;
  const auto range = [](tlm::tlm_dmi& dmi, std::uint64_t start, std::uint64_t end) {
    dmi.set_dmi_ptr(bytes);
    dmi.set_start_address(start);
    dmi.set_end_address(end);
    dmi.allow_read_write();
  };
  const std::uint64_t at = CountedPayload::kAddress;
  const std::pair<const char*, Grant> cases[] = {
      {"without a pointer",
       [&](auto& dmi) {
         range(dmi, at, at + 63);
         dmi.set_dmi_ptr(nullptr);
       }},
      {"empty range", [&](auto& dmi) { range(dmi, at + 1, at); }},
      {"leaves out the address", [&](auto& dmi) { range(dmi, at + 64, at + 127); }},
      {"more than there is", [&](auto& dmi) { range(dmi, 0, ~std::uint64_t{0}); }},
      {"without the right", [&](auto& dmi) {
         range(dmi, at, at + 63);
         dmi.allow_write();
       }}};
  for (const auto& [text, grant] : cases) {
    Line line;
    line.run([&, &grant = grant] {
      CountedPayload p;
      tlm::tlm_dmi dmi;
      line.target.direct = [&](auto&, auto& granted) {
        grant(granted);
        return true;
      };
      line.initiator.socket->get_direct_mem_ptr(p, dmi);
    });
    line.expect(Rule::dmi, text);
  }
  Line line;
  line.run([&] { line.target.socket->invalidate_direct_mem_ptr(2, 1); });
  line.expect(Rule::dmi, "invalidated");
}

TEST(Probe, FindsPayloadsWithoutReferenceCount) {
  Line line;
  line.run([&] {
    std::vector<std::uint8_t> data(64);
    tlm::tlm_generic_payload p;
    set_access(p, tlm::TLM_READ_COMMAND, 0, data.data(), data.size());
    line.target.forward = complete;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    line.initiator.socket->nb_transport_fw(p, phase, delay);
  });
  line.expect(Rule::memory_manager, "without a memory manager");
}

/// Unless a test takes it, a violation ends the run with everything there is to say about it.
TEST(Probe, AViolationIsAnError) {
  FreshContext context;
  Trace trace;
  Probe probe("probe", {"top.some.socket", true, false}, trace);
  ScriptedInitiator initiator("initiator");
  ScriptedTarget target("target");
  initiator.socket.bind(probe.target);
  probe.initiator.bind(target.socket);
  static std::string message;
  message.clear();
  sc_core::sc_report_handler::set_handler([](const auto& report, const auto& actions) {
    message = report.get_msg();
    if ((actions & sc_core::SC_THROW) != 0) throw report;
  });
  bool thrown = false;
  initiator.program = [&] {
    CountedPayload p;
    target.blocking = [](auto&, auto&) { sc_core::wait(ns(3)); };
    try {
      initiator.blocking(p);
    } catch (const sc_core::sc_report&) {
      thrown = true;
    }
  };
  sc_core::sc_start();
  EXPECT_TRUE(thrown);
  EXPECT_EQ(message,
            "top.some.socket at 3 ns: read of 64 B at 0x1000: response status: answered with "
            "TLM_INCOMPLETE_RESPONSE");
}

}  // namespace
}  // namespace h2
