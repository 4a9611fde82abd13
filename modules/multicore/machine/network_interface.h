// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/multi_passthrough_target_socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <systemc>
#include <utility>
#include <vector>

#include "modules/multicore/core_engines.h"
#include "modules/multicore/machine/loads.h"
#include "modules/multicore/mail.h"
#include "traces/record/trace.h"

namespace h2 {

/// Between the engines of a core and the mesh. A write to a mail address goes to the mailboxes of
/// all receivers once they have room for its sample; a read of one is answered when the whole
/// sample is there, a flit per cycle. Other addresses are memory behind a gateway.
class NetworkInterface : public sc_core::sc_module {
 public:
  struct Settings {
    sc_core::sc_time period;  ///< of the core
    int core = 0;
    NocSpec noc;
    /// Node of the gateway that an address of memory lies behind.
    std::function<int(std::uint64_t address)> gateway_of;
  };
  struct Stats {
    std::uint64_t mail_sent = 0, mail_received = 0;  ///< bytes, once per receiver
    std::uint64_t highest_mail_bytes = 0;            ///< held at once
    std::uint64_t credit_waits = 0;                  ///< writes that found a mailbox full
  };

  /// Load and store ports of the engines, in their order.
  tlm_utils::multi_passthrough_target_socket<NetworkInterface> engines{"engines"};

  /// `link` and `streams` outlive it.
  NetworkInterface(sc_core::sc_module_name name, const Settings& settings, MeshEndpoint& link,
                   const MailStreams& streams, Trace& trace);

  /// The stream is closed: what waits for it gets an error response.
  void drop(std::uint32_t stream);
  const Stats& stats() const { return stats_; }

 private:
  using Place = std::pair<std::uint32_t, int>;  // stream, sample
  struct Item {
    std::vector<std::uint8_t> data;       ///< as stored; empty in runs without data
    std::uint64_t arrived = 0, read = 0;  ///< bytes as charged
  };
  struct Transfer {
    tlm::tlm_generic_payload* payload = nullptr;
    int port = 0;
  };
  struct Sending {
    MeshEndpoint::Order order;
    std::uint64_t bytes = 0;
    int payload_bytes = 0;
    Transfer answered;  ///< when the last packet is on its way; without payload: later
  };
  struct Answer {
    Transfer to;
    sc_core::sc_time time;
    bool ok = true;
  };

  tlm::tlm_sync_enum transport(int port, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                               sc_core::sc_time& delay);
  void take_memory(const Transfer& transfer);
  void send_mail(int port);
  bool has_room(const MailAddress& place, const MailStream& stream);
  void serve_reads();
  bool serve(const Transfer& read);
  void finish_item(const Place& place, const MailStream& stream);
  void queue(Sending sending);
  void send_next();
  void receive(const Packet& packet);
  void receive_mail(const Packet& packet);
  void receive_memory(const Packet& packet);
  void answer_later(const Transfer& transfer, const sc_core::sc_time& time, bool ok);
  void answer();

  const Settings settings_;
  MeshEndpoint& link_;
  const MailStreams& streams_;
  Trace& trace_;
  int mail_signal_;
  std::array<std::deque<Transfer>, 2 * kCoreEngines> mail_writes_;  // by port
  std::vector<Transfer> mail_reads_;
  std::map<Place, Item> items_;
  std::map<std::pair<std::uint32_t, int>, int> freed_;  // stream, consumer -> samples
  std::deque<Sending> sending_;                         // the first one is in the link
  std::multimap<sc_core::sc_time, Answer> answers_;
  sc_core::sc_event answer_event_;
  sc_core::sc_time mailbox_free_;
  std::uint64_t held_ = 0;
  Stats stats_;
};

}  // namespace h2
