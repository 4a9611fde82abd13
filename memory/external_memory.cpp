// SPDX-License-Identifier: Apache-2.0
#include "memory/external_memory.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "memory/bus/payload.h"

namespace h2 {
namespace {

Picoseconds now() { return static_cast<Picoseconds>(sc_core::sc_time_stamp().value()); }

}  // namespace

std::uint64_t ExternalMemory::Stats::total_read() const {
  return std::accumulate(read_bytes.begin(), read_bytes.end(), std::uint64_t{0});
}

std::uint64_t ExternalMemory::Stats::total_write() const {
  return std::accumulate(write_bytes.begin(), write_bytes.end(), std::uint64_t{0});
}

ExternalMemory::ExternalMemory(sc_core::sc_module_name name, const MemorySpec& spec, Trace& trace)
    : sc_module(name),
      spec_(spec),
      timing_(make_memory_timing(spec)),
      trace_(trace),
      log_(trace.log(this->name())),
      queue_signal_(trace.add_level(this->name(), "queue", 16)),
      bandwidth_signal_(trace.add_rate(this->name(), "bandwidth_mb_per_s")),
      banks_(this->name(), spec, trace),
      late_("late") {
  socket.register_nb_transport_fw(this, &ExternalMemory::forward);
  socket.register_b_transport(this, &ExternalMemory::blocking);
  socket.register_transport_dbg(this, &ExternalMemory::debug);
  socket.register_get_direct_mem_ptr(this, &ExternalMemory::direct);
  SC_HAS_PROCESS(ExternalMemory);
  SC_METHOD(serve);
  sensitive << event_;
  dont_initialize();
  SC_METHOD(submit_late);
  sensitive << late_.get_event();
  dont_initialize();
}

tlm::tlm_sync_enum ExternalMemory::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                           sc_core::sc_time& delay) {
  if (phase == tlm::END_RESP) {
    responding_ = nullptr;
    response_free_ = now() + static_cast<Picoseconds>(delay.value());
    payload.release();
    arm();
    return tlm::TLM_COMPLETED;
  }
  if (!check_access(payload, spec_.bytes)) return tlm::TLM_COMPLETED;
  payload.acquire();
  if (delay == sc_core::SC_ZERO_TIME) {
    submit(payload, {&payload, nullptr});
  } else {
    late_.notify(payload, delay);
  }
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

void ExternalMemory::submit_late() {
  while (tlm::tlm_generic_payload* payload = late_.get_next_transaction()) {
    submit(*payload, {payload, nullptr});
  }
}

void ExternalMemory::blocking(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  wait(delay);
  delay = sc_core::SC_ZERO_TIME;
  if (!check_access(payload, spec_.bytes)) return;
  sc_core::sc_event done;
  submit(payload, {nullptr, &done});
  wait(done);
  move(payload);
}

void ExternalMemory::submit(tlm::tlm_generic_payload& payload, Pending pending) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  const std::uint64_t charged = charged_bytes(payload);
  MemoryRequest request;
  if (free_ids_.empty()) {
    free_ids_.push_back(pending_.size());
    pending_.emplace_back();
  }
  request.id = free_ids_.back();
  free_ids_.pop_back();
  request.port = info != nullptr ? info->port : kHostPort;
  request.address = payload.get_address();
  request.bytes = static_cast<std::uint32_t>(charged);
  request.write = payload.is_write();
  if (waiting_++ == 0) {
    busy_since_ = now();
    trace_.rate_on(bandwidth_signal_);
  }
  pending.submitted = now();
  pending.bytes = charged;
  pending.order = submitted_++;
  pending_[request.id] = pending;
  advance();
  timing_->submit(request, now());
  trace_.change(queue_signal_, waiting_);
  arm();
}

void ExternalMemory::arm() {
  Picoseconds next = timing_->next_completion();
  if (!responses_.empty() && responding_ == nullptr) {
    next = std::min(next, std::max(responses_.top().time, response_free_));
  }
  if (next >= kNoEvent) return;
  const Picoseconds delay = std::max<Picoseconds>(0, next - now());
  event_.notify(sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(delay)));
}

void ExternalMemory::advance() {
  completions_.clear();
  timing_->advance(now(), completions_);
  for (const MemoryCompletion& c : completions_) {
    const Pending& pending = pending_[c.id];
    stats_.queueing_ps += static_cast<double>(c.accepted - pending.submitted);
    responses_.push({c.time, pending.order, c.id});
  }
}

DramStatistics ExternalMemory::dram_statistics() {
  advance();
  DramStatistics all = dram_before_;
  return all += timing_->statistics();
}

void ExternalMemory::serve() {
  advance();
  const auto due = [this] {
    return responding_ == nullptr && response_free_ <= now() && !responses_.empty() &&
           responses_.top().time <= now();
  };
  while (due()) {
    const std::uint64_t id = responses_.top().id;
    responses_.pop();
    respond(id);
  }
  trace_.change(queue_signal_, waiting_);
  arm();
}

void ExternalMemory::respond(std::uint64_t id) {
  const Pending pending = pending_[id];
  free_ids_.push_back(id);
  --waiting_;
  stats_.latency.add(now() - pending.submitted);
  trace_.add(bandwidth_signal_, pending.bytes);
  if (waiting_ == 0) {
    stats_.busy_ps += now() - busy_since_;
    trace_.rate_off(bandwidth_signal_);
  }
  if (pending.done != nullptr) {
    pending.done->notify();
    return;
  }
  tlm::tlm_generic_payload& payload = *pending.payload;
  move(payload);
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const tlm::tlm_sync_enum status = socket->nb_transport_bw(payload, phase, delay);
  if (status == tlm::TLM_COMPLETED || phase == tlm::END_RESP) {
    payload.release();
  } else {
    responding_ = &payload;
  }
}

void ExternalMemory::move(tlm::tlm_generic_payload& payload) {
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  const bool data = info == nullptr || !info->timing_only;
  if (data && drop_ > 0) {
    --drop_;
    if (payload.is_read()) std::memset(payload.get_data_ptr(), 0, payload.get_data_length());
    return;
  }
  count(payload);
  if (!data) return;
  if (payload.is_write()) {
    store_.write(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
  } else {
    store_.read(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
  }
}

void ExternalMemory::count(tlm::tlm_generic_payload& payload) {
  const TransferInfo* info = payload.get_extension<TransferInfo>();
  const std::uint64_t charged = charged_bytes(payload);
  const int kind = static_cast<int>(info != nullptr ? info->kind : TensorKind::control);
  if (log_.shows(TraceLevel::bursts)) {
    log_.print(std::string(payload.is_write() ? "write" : "read") + " of " +
               std::to_string(charged) + " B at " + std::to_string(payload.get_address()) + ", " +
               name_of(static_cast<TensorKind>(kind)));
  }
  (payload.is_write() ? stats_.write_bytes : stats_.read_bytes)[kind] += charged;
}

unsigned ExternalMemory::debug(tlm::tlm_generic_payload& payload) {
  if (!check_access(payload, spec_.bytes)) return 0;
  if (payload.is_write()) {
    store_.write(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
  } else {
    store_.read(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return payload.get_data_length();
}

bool ExternalMemory::direct(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  if (!check_access(payload, spec_.bytes)) return false;
  const std::uint64_t start =
      payload.get_address() / BackingStore::kPageBytes * BackingStore::kPageBytes;
  dmi.set_dmi_ptr(store_.page(start));
  dmi.set_start_address(start);
  dmi.set_end_address(std::min(start + BackingStore::kPageBytes, spec_.bytes) - 1);
  dmi.allow_read_write();
  return true;
}

}  // namespace h2
