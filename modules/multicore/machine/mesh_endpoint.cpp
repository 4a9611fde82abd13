// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/mesh_endpoint.h"

#include <algorithm>

namespace h2 {

double MeshEndpoint::Stats::percentile(double share) const {
  std::uint64_t sum = 0;
  for (std::size_t cycles = 0; cycles < by_latency.size(); ++cycles) {
    sum += by_latency[cycles];
    if (static_cast<double>(sum) >= share * static_cast<double>(received)) {
      return static_cast<double>(cycles);
    }
  }
  return static_cast<double>(longest_cycles);
}

MeshEndpoint::MeshEndpoint(sc_core::sc_module_name name, const Settings& settings, PacketPool& pool)
    : sc_module(name), settings_(settings), pool_(pool) {
  out.register_nb_transport_bw(this, &MeshEndpoint::taken);
  in.register_nb_transport_fw(this, &MeshEndpoint::receive);
  SC_HAS_PROCESS(MeshEndpoint);
  SC_METHOD(inject);
  sensitive << wake_;
  dont_initialize();
  SC_METHOD(arrive);
  sensitive << arrival_;
  dont_initialize();
}

sc_core::sc_time MeshEndpoint::crossed(const sc_core::sc_time& time,
                                       const sc_core::sc_time& period) const {
  if (!settings_.crossing) return time;
  const auto ticks = time.value(), step = period.value();
  const auto edge = (ticks + step - 1) / step * step;
  return sc_core::sc_time::from_value(edge) + settings_.sync_cycles * period;
}

void MeshEndpoint::send(const Order& order) {
  tlm::tlm_generic_payload& payload = pool_.take();
  Packet& packet = Packet::of(payload);
  packet.from = settings_.node;
  packet.to = order.to;
  packet.target = order.to.count() == 1 ? static_cast<int>(order.to._Find_first()) : -1;
  packet.flits = order.flits;
  packet.kind = order.kind;
  packet.load = order.load;
  packet.offset = order.offset;
  packet.bytes = order.bytes;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  queue_.push_back({&payload, crossed(now, settings_.period)});
  if (queue_.size() == 1) wake_.notify(queue_.front().ready - now);
}

void MeshEndpoint::inject() {
  if (announced_ || queue_.empty()) return;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const sc_core::sc_time begin = std::max(free_at_, queue_.front().ready);
  if (begin > now) {
    wake_.notify(begin - now);
    return;
  }
  announced_ = true;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  Packet::of(*queue_.front().payload).injected = now;
  const auto answer = out->nb_transport_fw(*queue_.front().payload, phase, delay);
  if (answer == tlm::TLM_COMPLETED) leave();
}

tlm::tlm_sync_enum MeshEndpoint::taken(tlm::tlm_generic_payload& /*payload*/,
                                       tlm::tlm_phase& /*phase*/, sc_core::sc_time& /*delay*/) {
  leave();
  return tlm::TLM_COMPLETED;
}

/// The router takes the packet from now on, a flit per cycle.
void MeshEndpoint::leave() {
  announced_ = false;
  const int flits = Packet::of(*queue_.front().payload).flits;
  free_at_ = sc_core::sc_time_stamp() + flits * settings_.period;
  queue_.pop_front();
  ++stats_.sent;
  if (queue_.empty()) {
    if (sent_all) sent_all();
  } else {
    wake_.notify(flits * settings_.period);
  }
}

tlm::tlm_sync_enum MeshEndpoint::receive(tlm::tlm_generic_payload& payload,
                                         tlm::tlm_phase& /*phase*/, sc_core::sc_time& delay) {
  const Packet& packet = Packet::of(payload);
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const sc_core::sc_time out = now + delay + packet.flits * settings_.period;
  const auto cycles = (out - packet.injected).value() / settings_.period.value();
  ++stats_.received;
  stats_.latency_cycles += cycles;
  stats_.longest_cycles = std::max<std::uint64_t>(stats_.longest_cycles, cycles);
  ++stats_.by_latency[std::min<std::uint64_t>(cycles, stats_.by_latency.size() - 1)];
  const sc_core::sc_time end = crossed(out, settings_.node_period);
  coming_.push_back({&payload, end});
  if (coming_.size() == 1) arrival_.notify(end - now);
  return tlm::TLM_COMPLETED;
}

void MeshEndpoint::arrive() {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  while (!coming_.empty() && coming_.front().end <= now) {
    tlm::tlm_generic_payload* payload = coming_.front().payload;
    coming_.pop_front();
    if (received) received(Packet::of(*payload));
    payload->set_response_status(tlm::TLM_OK_RESPONSE);
    payload->release();
  }
  if (!coming_.empty()) arrival_.notify(coming_.front().end - now);
}

}  // namespace h2
