// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/packet.h"

namespace h2 {

const char* name_of(PacketKind kind) {
  static const char* const names[] = {"spikes", "gradients", "credit", "request", "memory"};
  return names[static_cast<std::size_t>(kind)];
}

tlm::tlm_generic_payload& PacketPool::take() {
  if (idle_.empty()) {
    all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
    all_.back()->set_extension(new Packet);
    all_.back()->set_command(tlm::TLM_WRITE_COMMAND);
    idle_.push_back(all_.back().get());
  }
  tlm::tlm_generic_payload* payload = idle_.back();
  idle_.pop_back();
  payload->acquire();
  payload->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  return *payload;
}

void PacketPool::free(tlm::tlm_generic_payload* payload) {
  Packet::of(*payload).load.reset();
  idle_.push_back(payload);
}

}  // namespace h2
