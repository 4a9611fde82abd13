// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "memory/bus/protocol_checker.h"

// Non-blocking transport: the life of a transaction.

namespace h2 {
namespace {

std::string text_of(const tlm::tlm_phase& phase) {
  std::ostringstream text;
  text << phase;
  return text.str();
}

const char* text_of(tlm::tlm_sync_enum status) {
  return status == tlm::TLM_ACCEPTED  ? "TLM_ACCEPTED"
         : status == tlm::TLM_UPDATED ? "TLM_UPDATED"
                                      : "TLM_COMPLETED";
}

}  // namespace

ProtocolChecker::Open* ProtocolChecker::find(Key payload) {
  const auto found = open_.find(payload);
  return found == open_.end() ? nullptr : &found->second;
}

void ProtocolChecker::advance(Open& open, const sc_core::sc_time& time) const {
  if (time < open.last) {
    broken(Rule::timing, open.attributes,
           "went back from " + open.last.to_string() + " to " + time.to_string());
  }
  open.last = time;
}

void ProtocolChecker::request(tlm::tlm_generic_payload& payload, Call& call) {
  const Attributes& a = call.attributes;
  const sc_core::sc_time time = call.time + call.delay;
  expect_request(a, payload);
  if (!payload.has_mm() || payload.get_ref_count() < 1) {
    broken(Rule::memory_manager, a, "sent without a memory manager or a reference");
  }
  if (requesting_ != nullptr && requesting_ != &payload) {
    broken(Rule::exclusion, a, "BEGIN_REQ before END_REQ of the request before");
  } else if (time < request_free_) {
    broken(Rule::exclusion, a,
           "BEGIN_REQ at " + time.to_string() + ", END_REQ of the request before at " +
               request_free_.to_string());
  }
  if (find(&payload) != nullptr) {
    broken(Rule::phase_order, a, "BEGIN_REQ of a payload that is under way");
  }
  call.number = ++number_;
  open_[&payload] = {a, tlm::BEGIN_REQ, time, call.number};
  requesting_ = &payload;
}

void ProtocolChecker::accept(Key payload, Open& open, const sc_core::sc_time& time) {
  if (open.phase != tlm::BEGIN_REQ) {
    broken(Rule::phase_order, open.attributes, "END_REQ behind " + text_of(open.phase));
    return;
  }
  advance(open, time);
  open.phase = tlm::END_REQ;
  if (requesting_ == payload) requesting_ = nullptr;
  request_free_ = time;
}

void ProtocolChecker::respond(const tlm::tlm_generic_payload& payload, Open& open,
                              const sc_core::sc_time& time) {
  const Attributes& a = open.attributes;
  if (open.phase == tlm::BEGIN_RESP) {
    broken(Rule::phase_order, a, "BEGIN_RESP for the second time");
    return;
  }
  advance(open, time);
  expect_answer(a, payload);
  if (open.phase == tlm::BEGIN_REQ) request_free_ = time;  // BEGIN_RESP implies END_REQ
  open.phase = tlm::BEGIN_RESP;
  if (requesting_ == &payload) requesting_ = nullptr;
  if (responding_ != nullptr) {
    broken(Rule::exclusion, a, "BEGIN_RESP before END_RESP of the response before");
  } else if (time < response_free_) {
    broken(Rule::exclusion, a,
           "BEGIN_RESP at " + time.to_string() + ", END_RESP of the response before at " +
               response_free_.to_string());
  }
  responding_ = &payload;
}

/// Looks at the key only: the payload may be gone.
void ProtocolChecker::close(Key payload, const sc_core::sc_time& time) {
  if (requesting_ == payload) requesting_ = nullptr;
  if (responding_ == payload) {
    responding_ = nullptr;
    response_free_ = time;
  }
  open_.erase(payload);
}

ProtocolChecker::Call ProtocolChecker::begin_forward(tlm::tlm_generic_payload& payload,
                                                     tlm::tlm_phase phase,
                                                     const sc_core::sc_time& delay) {
  Call call = enter(payload, phase, delay);
  Open* open = find(&payload);
  if (phase == tlm::BEGIN_REQ) {
    request(payload, call);
  } else if (phase != tlm::END_RESP) {
    broken(Rule::phase_order, call.attributes, text_of(phase) + " on the forward path");
  } else if (open == nullptr || open->phase != tlm::BEGIN_RESP) {
    broken(Rule::phase_order, call.attributes, "END_RESP without BEGIN_RESP");
  } else {
    advance(*open, call.time + delay);
    expect_same(open->attributes, payload, false);
    close(&payload, call.time + delay);
  }
  return call;
}

void ProtocolChecker::end_forward(const Call& call, tlm::tlm_generic_payload& payload,
                                  tlm::tlm_phase phase, const sc_core::sc_time& delay,
                                  tlm::tlm_sync_enum status) {
  expect_no_wait(call, "nb_transport_fw");
  if (call.phase == tlm::END_RESP && status == tlm::TLM_UPDATED) {
    broken(Rule::phase_order, call.attributes, "END_RESP returned TLM_UPDATED");
  }
  Open* open = find(&payload);
  if (call.number == 0 || open == nullptr || open->number != call.number) return;
  returned_request(call, payload, *open, phase, delay, status);
}

void ProtocolChecker::returned_request(const Call& call, const tlm::tlm_generic_payload& payload,
                                       Open& open, tlm::tlm_phase phase,
                                       const sc_core::sc_time& delay, tlm::tlm_sync_enum status) {
  const Attributes& a = open.attributes;
  const sc_core::sc_time time = sc_core::sc_time_stamp() + delay;
  expect_sane(a, delay);
  if (status == tlm::TLM_COMPLETED) {
    advance(open, time);
    expect_answer(a, payload);
    if (open.phase == tlm::BEGIN_REQ) request_free_ = time;
    close(&payload, time);
    return;
  }
  // What lies behind may have made the address its own until it answers.
  expect_same(a, payload, false);
  if (status == tlm::TLM_ACCEPTED) {
    if (phase != call.phase || delay != call.delay) {
      broken(Rule::phase_order, a, "TLM_ACCEPTED with another phase or delay");
    }
  } else if (phase == tlm::END_REQ) {
    accept(&payload, open, time);
  } else if (phase == tlm::BEGIN_RESP) {
    respond(payload, open, time);
  } else {
    broken(Rule::phase_order, a, "BEGIN_REQ returned TLM_UPDATED with " + text_of(phase));
  }
}

ProtocolChecker::Call ProtocolChecker::begin_backward(tlm::tlm_generic_payload& payload,
                                                      tlm::tlm_phase phase,
                                                      const sc_core::sc_time& delay) {
  Call call = enter(payload, phase, delay);
  Open* open = find(&payload);
  if (phase != tlm::END_REQ && phase != tlm::BEGIN_RESP) {
    broken(Rule::phase_order, call.attributes, text_of(phase) + " on the backward path");
  } else if (open == nullptr) {
    broken(Rule::phase_order, call.attributes,
           text_of(phase) + " of a transaction that is not under way");
  } else {
    call.number = open->number;
    if (phase == tlm::END_REQ) {
      expect_same(open->attributes, payload, false);
      accept(&payload, *open, call.time + delay);
    } else {
      respond(payload, *open, call.time + delay);
    }
  }
  return call;
}

void ProtocolChecker::end_backward(const Call& call, tlm::tlm_generic_payload& payload,
                                   tlm::tlm_phase phase, const sc_core::sc_time& delay,
                                   tlm::tlm_sync_enum status) {
  const Attributes& a = call.attributes;
  expect_no_wait(call, "nb_transport_bw");
  Open* open = find(&payload);
  if (call.number == 0 || open == nullptr || open->number != call.number) return;
  if (status == tlm::TLM_ACCEPTED) return;
  if (call.phase == tlm::END_REQ) {
    broken(Rule::phase_order, a, std::string("END_REQ returned ") + text_of(status));
    return;
  }
  if (status == tlm::TLM_UPDATED && phase != tlm::END_RESP) {
    broken(Rule::phase_order, a, "BEGIN_RESP returned TLM_UPDATED with " + text_of(phase));
    return;
  }
  expect_sane(a, delay);
  advance(*open, sc_core::sc_time_stamp() + delay);
  close(&payload, sc_core::sc_time_stamp() + delay);
}

}  // namespace h2
