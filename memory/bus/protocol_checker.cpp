// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/protocol_checker.h"

#include <sstream>

namespace h2 {
namespace {

/// No component runs ahead of the simulator by more: beyond it an annotation is a difference that
/// went below zero, or was never set.
const sc_core::sc_time& far_ahead() {
  static const sc_core::sc_time time(100, sc_core::SC_SEC);
  return time;
}

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

}  // namespace

const char* name_of(Violation::Rule rule) {
  static const char* const names[] = {
      "response status", "attributes", "phase order", "exclusion",
      "timing",          "no wait",    "DMI",         "memory manager"};
  return names[static_cast<int>(rule)];
}

ProtocolChecker::Attributes::Attributes(const tlm::tlm_generic_payload& p)
    : command(p.get_command()),
      address(p.get_address()),
      data(p.get_data_ptr()),
      enables(p.get_byte_enable_ptr()),
      length(p.get_data_length()),
      enable_length(p.get_byte_enable_length()),
      width(p.get_streaming_width()) {}

std::string ProtocolChecker::describe(const Attributes& a) {
  const char* const command = a.command == tlm::TLM_READ_COMMAND    ? "read"
                              : a.command == tlm::TLM_WRITE_COMMAND ? "write"
                                                                    : "ignored command";
  return std::string(command) + " of " + std::to_string(a.length) + " B at " + hex(a.address);
}

// Rules of every interface.

ProtocolChecker::Call ProtocolChecker::enter(const tlm::tlm_generic_payload& payload,
                                             tlm::tlm_phase phase,
                                             const sc_core::sc_time& delay) const {
  Call call{Attributes(payload), phase, delay, sc_core::sc_time_stamp(), sc_core::sc_delta_count()};
  expect_sane(call.attributes, delay);
  return call;
}

void ProtocolChecker::expect_no_wait(const Call& call, const char* interface) const {
  if (call.time != sc_core::sc_time_stamp() || call.delta != sc_core::sc_delta_count()) {
    broken(Rule::no_wait, call.attributes, std::string(interface) + " called wait()");
  }
}

void ProtocolChecker::expect_sane(const Attributes& a, const sc_core::sc_time& delay) const {
  if (delay <= far_ahead()) return;
  broken(Rule::timing, a, "annotated delay of " + delay.to_string());
}

void ProtocolChecker::expect_request(const Attributes& a,
                                     const tlm::tlm_generic_payload& payload) const {
  if (payload.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE) {
    broken(Rule::response_status, a, "sent with " + payload.get_response_string());
  }
  if (a.data == nullptr && a.length != 0) {
    broken(Rule::attributes, a, "sent without a data pointer");
  }
}

void ProtocolChecker::expect_same(const Attributes& before, const tlm::tlm_generic_payload& payload,
                                  bool with_address) const {
  const Attributes now(payload);
  const auto expect = [&](bool same, const char* field) {
    if (!same) broken(Rule::attributes, before, std::string(field) + " changed on the way");
  };
  expect(now.command == before.command, "command");
  expect(!with_address || now.address == before.address, "address");
  expect(now.data == before.data, "data pointer");
  expect(now.length == before.length, "data length");
  expect(now.enables == before.enables, "byte enable pointer");
  expect(now.enable_length == before.enable_length, "byte enable length");
  expect(now.width == before.width, "streaming width");
}

void ProtocolChecker::expect_answer(const Attributes& before,
                                    const tlm::tlm_generic_payload& payload) const {
  expect_same(before, payload, true);
  if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE) {
    broken(Rule::response_status, before, "answered with TLM_INCOMPLETE_RESPONSE");
  }
}

// Blocking, debug and direct access.

ProtocolChecker::Call ProtocolChecker::begin_blocking(const tlm::tlm_generic_payload& payload,
                                                      const sc_core::sc_time& delay) {
  Call call = enter(payload, tlm::UNINITIALIZED_PHASE, delay);
  expect_request(call.attributes, payload);
  if (find(&payload) != nullptr) {
    broken(Rule::phase_order, call.attributes, "b_transport of a payload that is under way");
  }
  return call;
}

void ProtocolChecker::end_blocking(const Call& call, const tlm::tlm_generic_payload& payload,
                                   const sc_core::sc_time& delay) {
  expect_answer(call.attributes, payload);
  expect_sane(call.attributes, delay);
  if (sc_core::sc_time_stamp() + delay < call.time + call.delay) {
    broken(Rule::timing, call.attributes,
           "b_transport went back from " + (call.time + call.delay).to_string() + " to " +
               (sc_core::sc_time_stamp() + delay).to_string());
  }
}

ProtocolChecker::Call ProtocolChecker::begin_debug(const tlm::tlm_generic_payload& payload) {
  return enter(payload, tlm::UNINITIALIZED_PHASE, sc_core::SC_ZERO_TIME);
}

void ProtocolChecker::end_debug(const Call& call, const tlm::tlm_generic_payload& payload,
                                unsigned moved) {
  expect_no_wait(call, "transport_dbg");
  expect_same(call.attributes, payload, true);
  if (moved > call.attributes.length) {
    broken(Rule::attributes, call.attributes,
           "transport_dbg returned " + std::to_string(moved) + " B");
  }
}

ProtocolChecker::Call ProtocolChecker::begin_direct(const tlm::tlm_generic_payload& payload) {
  return enter(payload, tlm::UNINITIALIZED_PHASE, sc_core::SC_ZERO_TIME);
}

void ProtocolChecker::end_direct(const Call& call, const tlm::tlm_generic_payload& payload,
                                 bool granted, const tlm::tlm_dmi& dmi) {
  const Attributes& a = call.attributes;
  expect_no_wait(call, "get_direct_mem_ptr");
  expect_same(a, payload, true);
  if (!granted) return;
  const std::uint64_t start = dmi.get_start_address(), end = dmi.get_end_address();
  const auto first = reinterpret_cast<std::uintptr_t>(dmi.get_dmi_ptr());
  const std::string range = hex(start) + ".." + hex(end);
  if (first == 0) broken(Rule::dmi, a, "granted without a pointer");
  if (start > end) {
    broken(Rule::dmi, a, "granted the empty range " + range);
  } else if (a.address < start || a.address > end) {
    broken(Rule::dmi, a, "granted " + range + ", which leaves out the address asked for");
  } else if (first + (end - start) < first) {
    broken(Rule::dmi, a, "granted " + range + ", more than there is behind the pointer");
  }
  if ((a.command == tlm::TLM_READ_COMMAND && !dmi.is_read_allowed()) ||
      (a.command == tlm::TLM_WRITE_COMMAND && !dmi.is_write_allowed())) {
    broken(Rule::dmi, a, "granted without the right asked for");
  }
  expect_sane(a, dmi.get_read_latency());
  expect_sane(a, dmi.get_write_latency());
}

void ProtocolChecker::invalidate(sc_dt::uint64 start, sc_dt::uint64 end) {
  if (start <= end) return;
  broken(Rule::dmi, {}, "invalidated the empty range " + hex(start) + ".." + hex(end));
}

}  // namespace h2
