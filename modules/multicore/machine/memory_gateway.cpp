// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/memory_gateway.h"

#include <algorithm>

#include "memory/bus/transfer_info.h"

namespace h2 {

MemoryGateway::MemoryGateway(sc_core::sc_module_name name, const NocSpec& noc, MeshEndpoint& link)
    : sc_module(name), noc_(noc), link_(link) {
  bus.register_nb_transport_bw(this, &MemoryGateway::backward);
  link_.received = [this](const Packet& packet) { receive(packet); };
}

void MemoryGateway::receive(const Packet& packet) {
  const Load load = std::static_pointer_cast<MemoryLoad>(packet.load);
  if (load->payload->is_write()) {
    load->left -= std::min(load->left, packet.bytes);
    if (load->left > 0) return;
  }
  waiting_.push_back(load);
  proceed();
}

void MemoryGateway::proceed() {
  // A request that is answered at once comes back here: the loop below goes on.
  if (proceeding_) return;
  proceeding_ = true;
  while (!waiting_.empty() && requesting_ == nullptr) {
    const Load load = waiting_.front();
    waiting_.pop_front();
    request(load);
  }
  proceeding_ = false;
}

void MemoryGateway::request(const Load& load) {
  tlm::tlm_generic_payload& payload = *load->payload;
  ++transactions_;
  under_way_[&payload] = load;
  requesting_ = &payload;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const tlm::tlm_sync_enum status = bus->nb_transport_fw(payload, phase, delay);
  if (status == tlm::TLM_COMPLETED) {
    finish(payload);
  } else if (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
    phase = tlm::END_RESP;
    bus->nb_transport_fw(payload, phase, delay);
    finish(payload);
  } else if (status == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
    requesting_ = nullptr;
  }
}

tlm::tlm_sync_enum MemoryGateway::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                           sc_core::sc_time& /*delay*/) {
  if (phase == tlm::END_REQ) {
    requesting_ = nullptr;
    proceed();
    return tlm::TLM_ACCEPTED;
  }
  finish(payload);
  return tlm::TLM_COMPLETED;
}

/// Back to the core: data that were read, otherwise a head alone.
void MemoryGateway::finish(tlm::tlm_generic_payload& payload) {
  if (requesting_ == &payload) requesting_ = nullptr;  // BEGIN_RESP implies END_REQ
  const auto found = under_way_.find(&payload);
  const Load load = found->second;
  under_way_.erase(found);
  MeshEndpoint::Order order;
  order.to.set(load->core);
  order.load = load;
  const bool data = payload.is_read() && payload.is_response_ok();
  order.kind = data ? PacketKind::memory : PacketKind::request;
  load->left = data ? charged_bytes(payload) : 0;
  send_packets(link_, order, load->left, noc_.dma_packet_bytes, noc_.flit_bytes());
  proceed();
}

}  // namespace h2
