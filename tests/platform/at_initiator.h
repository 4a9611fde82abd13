// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/peq_with_get.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <systemc>
#include <vector>

namespace h2 {

/// An approximately-timed initiator that writes down what the other side does and checks it against
/// the base protocol.
class AtInitiator : public sc_core::sc_module, public tlm::tlm_mm_interface {
 public:
  /// One transaction and its history.
  struct Transaction {
    tlm::tlm_generic_payload payload;
    std::vector<std::uint8_t> data;
    std::uint64_t address = 0;
    bool accepted = false, responded = false, freed = false;
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    sc_core::sc_time end;
  };

  tlm_utils::simple_initiator_socket<AtInitiator> socket{"socket"};
  /// END_RESP comes this long after BEGIN_RESP; zero: at once, by the return value.
  sc_core::sc_time response_time;
  /// Annotated to BEGIN_REQ and END_RESP instead of waiting.
  sc_core::sc_time annotated;
  std::function<void()> program;

  explicit AtInitiator(sc_core::sc_module_name name) : sc_module(name), ends_("ends") {
    socket.register_nb_transport_bw(this, &AtInitiator::backward);
    SC_HAS_PROCESS(AtInitiator);
    SC_THREAD(run);
    SC_METHOD(end_responses);
    sensitive << ends_.get_event();
    dont_initialize();
  }

  /// Sends BEGIN_REQ; returns when the request has been accepted or is complete.
  Transaction& begin(tlm::tlm_command command, std::uint64_t address,
                     std::vector<std::uint8_t> data) {
    transactions_.push_back(std::make_unique<Transaction>());
    Transaction& t = *transactions_.back();
    t.data = std::move(data);
    t.address = address;
    t.payload.set_mm(this);
    t.payload.acquire();
    t.payload.set_command(command);
    t.payload.set_address(address);
    t.payload.set_data_ptr(t.data.data());
    t.payload.set_data_length(static_cast<unsigned>(t.data.size()));
    t.payload.set_streaming_width(static_cast<unsigned>(t.data.size()));
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = annotated;
    const tlm::tlm_sync_enum status = socket->nb_transport_fw(t.payload, phase, delay);
    if (status == tlm::TLM_COMPLETED) {
      finish(t);
    } else if (status == tlm::TLM_UPDATED) {
      EXPECT_EQ(phase, tlm::END_REQ);
      t.accepted = true;
      sc_core::wait(delay);
    }
    while (!t.accepted && !t.responded) sc_core::wait(changed_);
    return t;
  }
  void wait_all() {
    for (const auto& t : transactions_)
      while (!t->responded) sc_core::wait(changed_);
    while (responding_ != nullptr) sc_core::wait(changed_);
  }
  const std::vector<std::unique_ptr<Transaction>>& transactions() const { return transactions_; }
  int most_outstanding() const { return most_; }

 private:
  void run() {
    program();
    sc_core::sc_stop();
  }

  Transaction& find(const tlm::tlm_generic_payload& payload) {
    for (const auto& t : transactions_)
      if (&t->payload == &payload) return *t;
    throw std::logic_error("a payload that was never sent");
  }

  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay) {
    Transaction& t = find(payload);
    EXPECT_FALSE(t.responded) << "a phase after the response";
    EXPECT_EQ(delay, sc_core::SC_ZERO_TIME);
    if (phase == tlm::END_REQ) {
      EXPECT_FALSE(t.accepted);
      t.accepted = true;
      changed_.notify();
      return tlm::TLM_ACCEPTED;
    }
    EXPECT_EQ(phase, tlm::BEGIN_RESP);
    EXPECT_EQ(responding_, nullptr) << "BEGIN_RESP before END_RESP of the one before";
    const auto open = [](const auto& x) { return x->accepted && !x->responded; };
    most_ = std::max(
        most_, static_cast<int>(std::count_if(transactions_.begin(), transactions_.end(), open)));
    if (response_time == sc_core::SC_ZERO_TIME) {
      finish(t);
      return tlm::TLM_COMPLETED;
    }
    responding_ = &t;
    ends_.notify(payload, response_time);
    return tlm::TLM_ACCEPTED;
  }

  void end_responses() {
    while (tlm::tlm_generic_payload* payload = ends_.get_next_transaction()) {
      Transaction& t = *responding_;
      EXPECT_EQ(&t.payload, payload);
      responding_ = nullptr;
      tlm::tlm_phase phase = tlm::END_RESP;
      sc_core::sc_time delay = annotated;
      t.status = payload->get_response_status();
      socket->nb_transport_fw(*payload, phase, delay);
      finish(t);
    }
  }

  void finish(Transaction& t) {
    EXPECT_EQ(t.payload.get_address(), t.address) << "the address was not restored";
    t.responded = true;
    t.status = t.payload.get_response_status();
    t.end = sc_core::sc_time_stamp();
    changed_.notify();
    t.payload.release();
  }

  void free(tlm::tlm_generic_payload* payload) override { find(*payload).freed = true; }

  std::vector<std::unique_ptr<Transaction>> transactions_;
  tlm_utils::peq_with_get<tlm::tlm_generic_payload> ends_;
  Transaction* responding_ = nullptr;
  sc_core::sc_event changed_;
  int most_ = 0;
};

}  // namespace h2
