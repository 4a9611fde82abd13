// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <systemc>
#include <tlm>
#include <unordered_map>

namespace h2 {

/// A broken rule of the TLM-2.0 base protocol (IEEE 1666-2011, clauses 11, 14 and 15).
struct Violation {
  enum class Rule {
    response_status,  ///< INCOMPLETE when sent, something else when answered
    attributes,       ///< unchanged on the way; the address is restored in the answer
    phase_order,      ///< BEGIN_REQ, END_REQ, BEGIN_RESP, END_RESP and their legal short cuts
    exclusion,        ///< one request and one response in progress per socket
    timing,           ///< time neither runs back nor absurdly far ahead
    no_wait,          ///< non-blocking, debug and DMI calls take no time
    dmi,              ///< a granted range and pointer can be used for the access asked for
    memory_manager,   ///< non-blocking transactions are counted by their users
  };
  Rule rule;
  std::string transaction;  ///< "write of 64 B at 0x1000"
  std::string text;
};
const char* name_of(Violation::Rule rule);

/// Holds the calls through one pair of bound sockets against the base protocol. Every call is shown
/// to it before it goes on and after it has returned. Changes nothing.
class ProtocolChecker {
 public:
  using Report = std::function<void(const Violation&)>;
  explicit ProtocolChecker(Report report) : report_(std::move(report)) {}

  /// The fields of a payload that stay as they are from request to response.
  struct Attributes {
    tlm::tlm_command command = tlm::TLM_IGNORE_COMMAND;
    std::uint64_t address = 0;
    const unsigned char* data = nullptr;
    const unsigned char* enables = nullptr;
    unsigned length = 0, enable_length = 0, width = 0;

    Attributes() = default;
    explicit Attributes(const tlm::tlm_generic_payload& payload);
  };
  /// A call as it came.
  struct Call {
    Attributes attributes;
    tlm::tlm_phase phase;
    sc_core::sc_time delay, time;
    std::uint64_t delta = 0, number = 0;
  };

  Call begin_forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
                     const sc_core::sc_time& delay);
  void end_forward(const Call& call, tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
                   const sc_core::sc_time& delay, tlm::tlm_sync_enum status);
  Call begin_backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
                      const sc_core::sc_time& delay);
  void end_backward(const Call& call, tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
                    const sc_core::sc_time& delay, tlm::tlm_sync_enum status);
  Call begin_blocking(const tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  void end_blocking(const Call& call, const tlm::tlm_generic_payload& payload,
                    const sc_core::sc_time& delay);
  Call begin_debug(const tlm::tlm_generic_payload& payload);
  void end_debug(const Call& call, const tlm::tlm_generic_payload& payload, unsigned moved);
  Call begin_direct(const tlm::tlm_generic_payload& payload);
  void end_direct(const Call& call, const tlm::tlm_generic_payload& payload, bool granted,
                  const tlm::tlm_dmi& dmi);
  void invalidate(sc_dt::uint64 start, sc_dt::uint64 end);

 private:
  using Rule = Violation::Rule;
  using Key = const tlm::tlm_generic_payload*;
  /// A non-blocking transaction under way.
  struct Open {
    Attributes attributes;
    tlm::tlm_phase phase;
    sc_core::sc_time last;  ///< of its latest phase, annotation included
    std::uint64_t number;
  };

  void broken(Rule rule, const Attributes& a, const std::string& text) const {
    report_({rule, describe(a), text});
  }
  static std::string describe(const Attributes& a);
  Call enter(const tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
             const sc_core::sc_time& delay) const;
  void expect_no_wait(const Call& call, const char* interface) const;
  void expect_sane(const Attributes& a, const sc_core::sc_time& delay) const;
  void expect_request(const Attributes& a, const tlm::tlm_generic_payload& payload) const;
  void expect_same(const Attributes& before, const tlm::tlm_generic_payload& now,
                   bool with_address) const;
  void expect_answer(const Attributes& before, const tlm::tlm_generic_payload& now) const;

  Open* find(Key payload);
  void request(tlm::tlm_generic_payload& payload, Call& call);
  void accept(Key payload, Open& open, const sc_core::sc_time& time);
  void respond(const tlm::tlm_generic_payload& payload, Open& open, const sc_core::sc_time& time);
  void close(Key payload, const sc_core::sc_time& time);
  void returned_request(const Call& call, const tlm::tlm_generic_payload& payload, Open& open,
                        tlm::tlm_phase phase, const sc_core::sc_time& delay,
                        tlm::tlm_sync_enum status);
  void advance(Open& open, const sc_core::sc_time& time) const;

  Report report_;
  std::unordered_map<Key, Open> open_;
  std::uint64_t number_ = 0;
  Key requesting_ = nullptr, responding_ = nullptr;
  sc_core::sc_time request_free_, response_free_;  ///< ends of the last request and response
};

}  // namespace h2
