// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/probe.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

namespace h2 {

Probe::Probe(sc_core::sc_module_name name, Settings settings, Trace& trace)
    : sc_module(name), settings_(std::move(settings)), trace_(trace) {
  target.bind(*this);
  initiator.bind(*this);
  on_violation = [this](const Violation& v) { report(v); };
  if (settings_.check) {
    checker_ = std::make_unique<ProtocolChecker>([this](const Violation& v) { on_violation(v); });
  }
}

void Probe::report(const Violation& v) const {
  const std::string text = settings_.watched + " at " + sc_core::sc_time_stamp().to_string() +
                           ": " + v.transaction + ": " + name_of(v.rule) + ": " + v.text;
  SC_REPORT_ERROR("/h2/probe", text.c_str());
}

tlm::tlm_sync_enum Probe::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& delay) {
  ProtocolChecker::Call call;
  if (checker_ != nullptr) call = checker_->begin_forward(payload, phase, delay);
  const bool request = phase == tlm::BEGIN_REQ;
  if (request) open_[&payload] = begin(payload, delay);
  const tlm::tlm_sync_enum status = initiator->nb_transport_fw(payload, phase, delay);
  if (checker_ != nullptr) checker_->end_forward(call, payload, phase, delay, status);
  if (request &&
      (status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP))) {
    answered(payload, delay);
  }
  return status;
}

tlm::tlm_sync_enum Probe::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& delay) {
  ProtocolChecker::Call call;
  if (checker_ != nullptr) call = checker_->begin_backward(payload, phase, delay);
  // The initiator may release and reuse the payload in the call.
  if (phase == tlm::BEGIN_RESP) answered(payload, delay);
  const tlm::tlm_sync_enum status = target->nb_transport_bw(payload, phase, delay);
  if (checker_ != nullptr) checker_->end_backward(call, payload, phase, delay, status);
  return status;
}

void Probe::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  ProtocolChecker::Call call;
  if (checker_ != nullptr) call = checker_->begin_blocking(payload, delay);
  const Open open = begin(payload, delay);
  initiator->b_transport(payload, delay);
  if (checker_ != nullptr) checker_->end_blocking(call, payload, delay);
  answered(open, payload, delay);
}

unsigned Probe::transport_dbg(tlm::tlm_generic_payload& payload) {
  ProtocolChecker::Call call;
  if (checker_ != nullptr) call = checker_->begin_debug(payload);
  const unsigned moved = initiator->transport_dbg(payload);
  if (checker_ != nullptr) checker_->end_debug(call, payload, moved);
  ++stats_.debug_accesses;
  return moved;
}

bool Probe::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  ProtocolChecker::Call call;
  if (checker_ != nullptr) call = checker_->begin_direct(payload);
  const bool granted = initiator->get_direct_mem_ptr(payload, dmi);
  if (checker_ != nullptr) checker_->end_direct(call, payload, granted, dmi);
  return granted;
}

void Probe::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
  if (checker_ != nullptr) checker_->invalidate(start, end);
  target->invalidate_direct_mem_ptr(start, end);
}

Probe::Open Probe::begin(tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay) {
  Open open;
  open.command = payload.get_command();
  open.address = payload.get_address();
  open.bytes = charged_bytes(payload);
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  if (info != nullptr) open.kind = info->kind;
  open.begin = sc_core::sc_time_stamp() + delay;
  if (settings_.timeline) open.lane = take_lane(open.begin);
  stats_.most_open = std::max(stats_.most_open, ++open_now_);
  return open;
}

void Probe::answered(const Open& open, const tlm::tlm_generic_payload& payload,
                     const sc_core::sc_time& delay) {
  const sc_core::sc_time end = sc_core::sc_time_stamp() + delay;
  --open_now_;
  ++stats_.transactions;
  if (!payload.is_response_ok()) {
    ++stats_.errors;
  } else if (open.command != tlm::TLM_IGNORE_COMMAND) {
    (open.command == tlm::TLM_WRITE_COMMAND ? stats_.write_bytes : stats_.read_bytes) += open.bytes;
  }
  if (end >= open.begin) {
    stats_.latency.add(static_cast<std::int64_t>((end - open.begin).value()));
  }
  if (settings_.timeline) show(open, payload, end);
}

void Probe::answered(const tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay) {
  const auto found = open_.find(&payload);
  if (found == open_.end()) return;
  const Open open = found->second;
  open_.erase(found);
  answered(open, payload, delay);
}

std::size_t Probe::take_lane(const sc_core::sc_time& begin) {
  const auto free = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const sc_core::sc_time& since) { return since <= begin; });
  const auto lane = static_cast<std::size_t>(free - lanes_.begin());
  if (free == lanes_.end()) lanes_.emplace_back();
  lanes_[lane] = sc_core::sc_max_time();
  return lane;
}

void Probe::show(const Open& open, const tlm::tlm_generic_payload& payload,
                 const sc_core::sc_time& end) {
  lanes_[open.lane] = end;
  std::ostringstream address;
  address << "0x" << std::hex << open.address;
  const char* const command = open.command == tlm::TLM_WRITE_COMMAND ? "write " : "read ";
  trace_.slice(settings_.watched + "." + std::to_string(open.lane),
               std::string(command) + name_of(open.kind), {open.begin.value(), end.value()},
               {{"address", address.str()},
                {"bytes", open.bytes},
                {"begin_ps", open.begin.value()},
                {"end_ps", end.value()},
                {"status", payload.get_response_string()}});
}

}  // namespace h2
