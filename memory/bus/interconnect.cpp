// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/interconnect.h"

#include <utility>

namespace h2 {

Interconnect::Interconnect(sc_core::sc_module_name name, std::vector<AddressRange> map)
    : sc_module(name), map_(std::move(map)) {
  initiators.register_nb_transport_fw(this, &Interconnect::forward);
  initiators.register_b_transport(this, &Interconnect::blocking);
  initiators.register_transport_dbg(this, &Interconnect::debug);
  initiators.register_get_direct_mem_ptr(this, &Interconnect::direct);
  targets.register_nb_transport_bw(this, &Interconnect::backward);
}

const AddressRange* Interconnect::decode(const tlm::tlm_generic_payload& payload) const {
  const std::uint64_t address = payload.get_address(), bytes = payload.get_data_length();
  for (const AddressRange& r : map_) {
    if (address >= r.base && address - r.base < r.bytes && bytes <= r.bytes - (address - r.base)) {
      return &r;
    }
  }
  return nullptr;
}

const AddressRange* Interconnect::admit(tlm::tlm_generic_payload& payload, bool& swallow) const {
  const AddressRange* range = decode(payload);
  const AccessGuard::Verdict verdict = range == nullptr ? AccessGuard::Verdict::refuse
                                       : guard          ? guard(payload)
                                                        : AccessGuard::Verdict::pass;
  swallow = verdict == AccessGuard::Verdict::swallow;
  if (verdict == AccessGuard::Verdict::pass) return range;
  payload.set_response_status(verdict == AccessGuard::Verdict::refuse
                                  ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                                  : tlm::TLM_GENERIC_ERROR_RESPONSE);
  return nullptr;
}

Interconnect::Route& Interconnect::route_of(tlm::tlm_generic_payload& payload) {
  auto* route = payload.get_extension<Route>();
  if (route == nullptr) {
    route = new Route;
    payload.set_extension(route);
  }
  return *route;
}

tlm::tlm_sync_enum Interconnect::forward(int initiator, tlm::tlm_generic_payload& payload,
                                         tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_REQ) {
    return targets[route_of(payload).target]->nb_transport_fw(payload, phase, delay);
  }
  bool swallow = false;
  const AddressRange* range = admit(payload, swallow);
  if (swallow) {
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
  }
  if (range == nullptr) return tlm::TLM_COMPLETED;
  Route& route = route_of(payload);
  route.initiator = initiator;
  route.target = range->target;
  route.address = payload.get_address();
  payload.set_address(route.address - range->base + range->offset);
  const tlm::tlm_sync_enum status = targets[route.target]->nb_transport_fw(payload, phase, delay);
  if (status == tlm::TLM_COMPLETED) payload.set_address(route.address);
  return status;
}

tlm::tlm_sync_enum Interconnect::backward(int, tlm::tlm_generic_payload& payload,
                                          tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  const Route& route = route_of(payload);
  const int initiator = route.initiator;
  // The initiator may release and reuse the payload in this call.
  if (phase != tlm::END_REQ) payload.set_address(route.address);
  return initiators[initiator]->nb_transport_bw(payload, phase, delay);
}

void Interconnect::blocking(int, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const std::uint64_t address = payload.get_address();
  bool swallow = false;
  const AddressRange* range = admit(payload, swallow);
  if (range == nullptr) return;
  payload.set_address(address - range->base + range->offset);
  targets[range->target]->b_transport(payload, delay);
  payload.set_address(address);
}

unsigned Interconnect::debug(int, tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const AddressRange* range = decode(payload);
  if (range == nullptr) return 0;
  payload.set_address(address - range->base + range->offset);
  const unsigned moved = targets[range->target]->transport_dbg(payload);
  payload.set_address(address);
  return moved;
}

bool Interconnect::direct(int, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  const std::uint64_t address = payload.get_address();
  const AddressRange* range = decode(payload);
  if (range == nullptr) return false;
  const std::uint64_t base = range->base - range->offset;
  payload.set_address(address - base);
  const bool granted = targets[range->target]->get_direct_mem_ptr(payload, dmi);
  payload.set_address(address);
  dmi.set_start_address(dmi.get_start_address() + base);
  dmi.set_end_address(dmi.get_end_address() + base);
  return granted;
}

}  // namespace h2
