// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <systemc>
#include <tlm>
#include <vector>

#include "memory/bus/payload.h"

namespace h2 {

/// A read of 64 bytes with a memory manager.
class CountedPayload : public tlm::tlm_generic_payload, public tlm::tlm_mm_interface {
 public:
  static constexpr std::uint64_t kAddress = 0x1000;

  CountedPayload() : tlm_generic_payload(this), bytes_(64) {
    acquire();
    set_access(*this, tlm::TLM_READ_COMMAND, kAddress, bytes_.data(), bytes_.size());
  }
  void free(tlm::tlm_generic_payload*) override {}
  void answer() { set_response_status(tlm::TLM_OK_RESPONSE); }
  /// Ready to be sent again.
  CountedPayload& renew() {
    set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    return *this;
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

using NonBlocking = std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                                     sc_core::sc_time&)>;

/// An initiator whose actions, legal or not, a test chooses.
class ScriptedInitiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<> {
 public:
  tlm::tlm_initiator_socket<> socket{"socket"};
  std::function<void()> program;
  NonBlocking backward;

  explicit ScriptedInitiator(sc_core::sc_module_name name) : sc_module(name) {
    socket.bind(*this);
    SC_HAS_PROCESS(ScriptedInitiator);
    SC_THREAD(run);
  }
  tlm::tlm_sync_enum send(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
                          sc_core::sc_time delay = sc_core::SC_ZERO_TIME) {
    return socket->nb_transport_fw(payload, phase, delay);
  }
  void blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time delay = sc_core::SC_ZERO_TIME) {
    socket->b_transport(payload, delay);
  }

 private:
  void run() {
    if (program) program();
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return backward ? backward(payload, phase, delay) : tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

/// A target whose actions, legal or not, a test chooses.
class ScriptedTarget : public sc_core::sc_module, private tlm::tlm_fw_transport_if<> {
 public:
  tlm::tlm_target_socket<> socket{"socket"};
  NonBlocking forward;
  std::function<void(tlm::tlm_generic_payload&, sc_core::sc_time&)> blocking;
  std::function<unsigned(tlm::tlm_generic_payload&)> debug;
  std::function<bool(tlm::tlm_generic_payload&, tlm::tlm_dmi&)> direct;

  explicit ScriptedTarget(sc_core::sc_module_name name) : sc_module(name) { socket.bind(*this); }
  tlm::tlm_sync_enum send(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase,
                          sc_core::sc_time delay = sc_core::SC_ZERO_TIME) {
    return socket->nb_transport_bw(payload, phase, delay);
  }

 private:
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return forward ? forward(payload, phase, delay) : tlm::TLM_ACCEPTED;
  }
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override {
    if (blocking) blocking(payload, delay);
  }
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) override {
    return debug ? debug(payload) : 0;
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override {
    return direct && direct(payload, dmi);
  }
};

}  // namespace h2
