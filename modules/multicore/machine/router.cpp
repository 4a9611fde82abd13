// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/router.h"

#include <algorithm>
#include <string>

namespace h2 {

Router::Router(sc_core::sc_module_name name, const Settings& settings, const MeshRoutes& routes,
               PacketPool& pool, Trace& trace)
    : sc_module(name), settings_(settings), routes_(routes), pool_(pool), trace_(trace) {
  for (int p = 0; p < kMeshPorts; ++p) {
    const std::string port = h2::name_of(static_cast<MeshPort>(p));
    in[p] = std::make_unique<In>((port + "_in").c_str());
    out[p] = std::make_unique<Out>((port + "_out").c_str());
    in[p]->register_nb_transport_fw(this, &Router::receive, p);
    out[p]->register_nb_transport_bw(this, &Router::taken, p);
    outputs_[p].busy_signal = trace.add_value(this->name(), port + "_busy", 1);
    sc_core::sc_spawn_options sends, frees;
    sends.spawn_method();
    sends.dont_initialize();
    sends.set_sensitivity(&outputs_[p].wake);
    sc_core::sc_spawn([this, p] { send(p); }, (port + "_process").c_str(), &sends);
    frees.spawn_method();
    frees.dont_initialize();
    frees.set_sensitivity(&inputs_[p].freed);
    sc_core::sc_spawn([this, p] { free_places(p); }, (port + "_places").c_str(), &frees);
  }
}

sc_core::sc_time Router::flits_time(const tlm::tlm_generic_payload& payload) const {
  return payload.get_extension<Packet>()->flits * settings_.period;
}

tlm::tlm_sync_enum Router::receive(int port, tlm::tlm_generic_payload& payload,
                                   tlm::tlm_phase& /*phase*/, sc_core::sc_time& delay) {
  Input& input = inputs_[port];
  if (input.used == settings_.buffer_packets) {
    input.waiting = &payload;
    input.delay = delay;
    return tlm::TLM_ACCEPTED;
  }
  hold(port, payload, delay);
  return tlm::TLM_COMPLETED;
}

void Router::hold(int port, tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay) {
  Input& input = inputs_[port];
  ++input.used;
  Held packet;
  packet.payload = &payload;
  packet.head = sc_core::sc_time_stamp() + delay;
  const Packet& info = Packet::of(payload);
  if (info.target >= 0) {
    const int way = routes_.port_to(settings_.index, info.target);
    packet.ways[way] = info.to;
    packet.ports = 1U << way;
  } else {
    for (int p = 0; p < kMeshPorts; ++p) {
      packet.ways[p] = routes_.through(settings_.index, p, info.to);
      if (packet.ways[p].any()) packet.ports |= 1U << p;
    }
  }
  input.held.push_back(packet);
  if (input.held.size() == 1) offer(packet);
}

/// Wakes the outputs that a packet at the head of its input is for.
void Router::offer(const Held& packet) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const sc_core::sc_time wait = packet.head > now ? packet.head - now : sc_core::SC_ZERO_TIME;
  for (int p = 0; p < kMeshPorts; ++p) {
    if ((packet.ports >> p & 1U) != 0) outputs_[p].wake.notify(wait);
  }
}

/// Input whose head came first of those that wait for the output; -1: none.
int Router::first_head(int port) const {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  int first = -1;
  for (int i = 0; i < kMeshPorts; ++i) {
    if (inputs_[i].held.empty()) continue;
    const Held& head = inputs_[i].held.front();
    if ((head.ports >> port & 1U) == 0 || head.head > now) continue;
    if (first < 0 || head.head < inputs_[first].held.front().head) first = i;
  }
  return first;
}

/// Wakes the output for the first of the heads that are still to come.
void Router::await_head(int port) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  for (const Input& input : inputs_) {
    if (input.held.empty()) continue;
    const Held& head = input.held.front();
    if ((head.ports >> port & 1U) != 0) outputs_[port].wake.notify(head.head - now);
  }
}

void Router::send(int port) {
  Output& output = outputs_[port];
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  if (output.from >= 0) return;
  if (output.free_at > now) {
    output.wake.notify(output.free_at - now);
    return;
  }
  trace_.change(output.busy_signal, std::uint64_t{0});
  output.from = first_head(port);
  if (output.from < 0) return await_head(port);
  Held& head = inputs_[output.from].held.front();
  tlm::tlm_generic_payload* payload = head.payload;
  if (head.ports != 1U << port) {  // others wait for it too: a copy
    payload = &pool_.take();
    Packet::of(*payload) = Packet::of(*head.payload);
  }
  Packet& packet = Packet::of(*payload);
  packet.to = head.ways[port];
  if (packet.target < 0 && packet.to.count() == 1) {
    packet.target = static_cast<int>(packet.to._Find_first());
  }
  output.sent = payload;
  const bool leaves = routes_.neighbour(settings_.index, port) < 0;
  sc_core::sc_time delay = leaves ? sc_core::SC_ZERO_TIME : settings_.hop_cycles * settings_.period;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  if ((*out[port])->nb_transport_fw(*payload, phase, delay) == tlm::TLM_COMPLETED) leave(port);
}

tlm::tlm_sync_enum Router::taken(int port, tlm::tlm_generic_payload& /*payload*/,
                                 tlm::tlm_phase& /*phase*/, sc_core::sc_time& /*delay*/) {
  leave(port);
  return tlm::TLM_COMPLETED;
}

/// The packet that the output has announced goes over its link from now on.
void Router::leave(int port) {
  Output& output = outputs_[port];
  Input& input = inputs_[output.from];
  Held& head = input.held.front();
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const sc_core::sc_time end = now + flits_time(*output.sent);
  const Packet& packet = Packet::of(*output.sent);
  output.stats.flits[static_cast<std::size_t>(packet.kind)] += packet.flits;
  ++output.stats.packets;
  output.stats.waited += now - head.head;
  trace_.change(output.busy_signal, std::uint64_t{1});
  output.free_at = end;
  output.wake.notify(end - now);
  const bool copied = output.sent != head.payload;
  output.sent = nullptr;
  head.ports &= ~(1U << port);
  if (head.ports == 0) {
    if (copied) head.payload->release();
    input.held.pop_front();
    input.leaving.push_back(end);
    if (input.leaving.size() == 1) input.freed.notify(end - now);
    if (!input.held.empty()) {  // one flit per cycle leaves a buffer
      Held& next = input.held.front();
      next.head = std::max(next.head, end);
      offer(next);
    }
  }
  output.from = -1;
}

void Router::free_places(int port) {
  Input& input = inputs_[port];
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  while (!input.leaving.empty() && input.leaving.front() <= now) {
    input.leaving.pop_front();
    --input.used;
    if (input.waiting == nullptr) continue;
    tlm::tlm_generic_payload& payload = *input.waiting;
    input.waiting = nullptr;
    hold(port, payload, input.delay);
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    (*in[port])->nb_transport_bw(payload, phase, delay);
  }
  if (!input.leaving.empty()) input.freed.notify(input.leaving.front() - now);
}

std::size_t Router::packets() const {
  std::size_t sum = 0;
  for (const Input& input : inputs_) sum += input.held.size() + (input.waiting != nullptr ? 1 : 0);
  return sum;
}

}  // namespace h2
