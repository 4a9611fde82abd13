// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/network_interface.h"

#include <algorithm>
#include <cstring>

#include "memory/bus/transfer_info.h"

namespace h2 {
namespace {

bool without_data(tlm::tlm_generic_payload& payload) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  return info != nullptr && info->timing_only;
}

}  // namespace

NetworkInterface::NetworkInterface(sc_core::sc_module_name name, const Settings& settings,
                                   MeshEndpoint& link, const MailStreams& streams, Trace& trace)
    : sc_module(name),
      settings_(settings),
      link_(link),
      streams_(streams),
      trace_(trace),
      mail_signal_(trace.add_level(this->name(), "mailbox_bytes", 32)) {
  engines.register_nb_transport_fw(this, &NetworkInterface::transport);
  link_.received = [this](const Packet& packet) { receive(packet); };
  link_.sent_all = [this] { send_next(); };
  SC_HAS_PROCESS(NetworkInterface);
  SC_METHOD(answer);
  sensitive << answer_event_;
  dont_initialize();
}

tlm::tlm_sync_enum NetworkInterface::transport(int port, tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& /*delay*/) {
  if (phase != tlm::BEGIN_REQ) return tlm::TLM_ACCEPTED;
  const Transfer transfer{&payload, port};
  payload.acquire();  // until it is answered
  if (!is_mail(payload.get_address())) {
    take_memory(transfer);
  } else if (payload.is_write()) {
    mail_writes_[port].push_back(transfer);
    if (mail_writes_[port].size() == 1) send_mail(port);
  } else {
    mail_reads_.push_back(transfer);
    serve_reads();
  }
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

void NetworkInterface::take_memory(const Transfer& transfer) {
  tlm::tlm_generic_payload& payload = *transfer.payload;
  auto load = std::make_shared<MemoryLoad>();
  load->payload = &payload;
  load->port = transfer.port;
  load->core = settings_.core;
  load->left = charged_bytes(payload);
  Sending sending;
  sending.order.to.set(settings_.gateway_of(payload.get_address()));
  sending.order.kind = payload.is_write() ? PacketKind::memory : PacketKind::request;
  sending.order.load = load;
  sending.bytes = payload.is_write() ? load->left : 0;
  sending.payload_bytes = settings_.noc.dma_packet_bytes;
  queue(std::move(sending));
}

/// Every receiver has freed the place of the sample.
bool NetworkInterface::has_room(const MailAddress& place, const MailStream& stream) {
  for (int core = 0; core < kMostCores; ++core) {
    if (!stream.consumers.test(core)) continue;
    if (place.sample >= freed_[{place.stream, core}] + stream.slots) return false;
  }
  return true;
}

/// Sends the writes of a port in order, as far as the mailboxes have room.
void NetworkInterface::send_mail(int port) {
  auto& waiting = mail_writes_[port];
  while (!waiting.empty()) {
    tlm::tlm_generic_payload& payload = *waiting.front().payload;
    const MailAddress place = mail_place(payload.get_address());
    const MailStream* stream = streams_.find(place.stream);
    if (stream == nullptr) {
      answer_later(waiting.front(), sc_core::sc_time_stamp(), false);
      waiting.pop_front();
      continue;
    }
    if (!has_room(place, *stream)) {
      ++stats_.credit_waits;
      return;
    }
    auto load = std::make_shared<MailLoad>();
    load->stream = place.stream;
    load->sample = place.sample;
    load->offset = place.offset;
    load->stored_per_charged = stream->halved ? 2 : 1;
    if (!without_data(payload)) {
      load->data.assign(payload.get_data_ptr(), payload.get_data_ptr() + payload.get_data_length());
    }
    Sending sending;
    sending.order.to = stream->consumers;
    sending.order.kind = stream->gradients ? PacketKind::gradients : PacketKind::spikes;
    sending.order.load = load;
    sending.bytes = charged_bytes(payload);
    sending.payload_bytes = settings_.noc.packet_bytes;
    sending.answered = waiting.front();
    stats_.mail_sent += sending.bytes * stream->consumers.count();
    waiting.pop_front();
    if (settings_.noc.multicast) {
      queue(std::move(sending));
      continue;
    }
    NodeSet left = sending.order.to;
    for (int core = 0; left.any(); ++core) {
      if (!left.test(core)) continue;
      left.reset(core);
      Sending one = sending;
      one.order.to = NodeSet().set(core);
      if (left.any()) one.answered.payload = nullptr;
      queue(std::move(one));
    }
  }
}

void NetworkInterface::queue(Sending sending) {
  sending_.push_back(std::move(sending));
  if (sending_.size() == 1) {
    const Sending& first = sending_.front();
    send_packets(link_, first.order, first.bytes, first.payload_bytes, settings_.noc.flit_bytes());
  }
}

/// The packets of the first transfer are on their way.
void NetworkInterface::send_next() {
  const Transfer answered = sending_.front().answered;
  sending_.pop_front();
  if (answered.payload != nullptr) answer_later(answered, sc_core::sc_time_stamp(), true);
  if (sending_.empty()) return;
  const Sending& next = sending_.front();
  send_packets(link_, next.order, next.bytes, next.payload_bytes, settings_.noc.flit_bytes());
}

void NetworkInterface::receive(const Packet& packet) {
  switch (packet.kind) {
    case PacketKind::spikes:
    case PacketKind::gradients:
      return receive_mail(packet);
    case PacketKind::credit: {
      const auto stream = static_cast<const CreditLoad&>(*packet.load).stream;
      if (streams_.find(stream) == nullptr) return;
      ++freed_[{stream, packet.from}];
      for (std::size_t port = 0; port < mail_writes_.size(); ++port) {
        send_mail(static_cast<int>(port));
      }
      return;
    }
    default:
      return receive_memory(packet);
  }
}

void NetworkInterface::receive_mail(const Packet& packet) {
  const auto& load = static_cast<const MailLoad&>(*packet.load);
  const MailStream* stream = streams_.find(load.stream);
  if (stream == nullptr) return;
  Item& item = items_[{load.stream, load.sample}];
  if (!load.data.empty()) {
    item.data.resize(stream->sample_bytes);
    const std::uint64_t begin = packet.offset * load.stored_per_charged;
    std::memcpy(item.data.data() + load.offset + begin, load.data.data() + begin,
                packet.bytes * load.stored_per_charged);
  }
  item.arrived += packet.bytes;
  stats_.mail_received += packet.bytes;
  held_ += packet.bytes;
  stats_.highest_mail_bytes = std::max(stats_.highest_mail_bytes, held_);
  trace_.change(mail_signal_, held_);
  if (item.arrived * load.stored_per_charged == stream->sample_bytes) serve_reads();
}

void NetworkInterface::serve_reads() {
  mail_reads_.erase(std::remove_if(mail_reads_.begin(), mail_reads_.end(),
                                   [this](const Transfer& read) { return serve(read); }),
                    mail_reads_.end());
}

/// True if the read is answered, or will be.
bool NetworkInterface::serve(const Transfer& read) {
  tlm::tlm_generic_payload& payload = *read.payload;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const MailAddress address = mail_place(payload.get_address());
  const MailStream* stream = streams_.find(address.stream);
  if (stream == nullptr) {
    answer_later(read, now, false);
    return true;
  }
  const Place place{address.stream, address.sample};
  const auto found = items_.find(place);
  if (found == items_.end()) return false;
  Item& item = found->second;
  const std::uint64_t per_charged = stream->halved ? 2 : 1;
  if (item.arrived * per_charged < stream->sample_bytes) return false;
  if (!item.data.empty() && !without_data(payload)) {
    std::memcpy(payload.get_data_ptr(), item.data.data() + address.offset,
                payload.get_data_length());
  }
  const std::uint64_t bytes = charged_bytes(payload);
  const std::uint64_t cycles =
      ceil_div(bytes, static_cast<std::uint64_t>(settings_.noc.flit_bytes()));
  mailbox_free_ = std::max(mailbox_free_, now) + static_cast<double>(cycles) * settings_.period;
  answer_later(read, mailbox_free_, true);
  item.read += bytes;
  if (item.read * per_charged == stream->sample_bytes) finish_item(place, *stream);
  return true;
}

/// The sample has been read: its place is free.
void NetworkInterface::finish_item(const Place& place, const MailStream& stream) {
  held_ -= items_[place].arrived;
  trace_.change(mail_signal_, held_);
  items_.erase(place);
  if (stream.slots >= stream.samples) return;  // nobody waits
  auto load = std::make_shared<CreditLoad>();
  load->stream = place.first;
  Sending sending;
  sending.order.kind = PacketKind::credit;
  sending.order.load = load;
  sending.order.to = stream.producers;
  queue(std::move(sending));
}

void NetworkInterface::receive_memory(const Packet& packet) {
  auto& load = static_cast<MemoryLoad&>(*packet.load);
  load.left -= std::min(load.left, packet.bytes);
  if (load.left > 0) return;
  answer_later({load.payload, load.port}, sc_core::sc_time_stamp(), load.payload->is_response_ok());
}

void NetworkInterface::answer_later(const Transfer& transfer, const sc_core::sc_time& time,
                                    bool ok) {
  answers_.insert({time, {transfer, time, ok}});
  answer_event_.notify(answers_.begin()->first - sc_core::sc_time_stamp());
}

void NetworkInterface::answer() {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  while (!answers_.empty() && answers_.begin()->first <= now) {
    const Answer next = answers_.begin()->second;
    answers_.erase(answers_.begin());
    tlm::tlm_generic_payload& payload = *next.to.payload;
    if (!next.ok && !payload.is_response_error()) {
      payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    } else if (next.ok) {
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    engines[next.to.port]->nb_transport_bw(payload, phase, delay);
    payload.release();
  }
  if (!answers_.empty()) answer_event_.notify(answers_.begin()->first - now);
}

void NetworkInterface::drop(std::uint32_t stream) {
  for (auto item = items_.begin(); item != items_.end();) {
    if (item->first.first != stream) {
      ++item;
      continue;
    }
    held_ -= item->second.arrived;
    item = items_.erase(item);
  }
  trace_.change(mail_signal_, held_);
  freed_.erase(freed_.lower_bound({stream, 0}), freed_.lower_bound({stream + 1, 0}));
  serve_reads();
  for (std::size_t port = 0; port < mail_writes_.size(); ++port) send_mail(static_cast<int>(port));
}

}  // namespace h2
