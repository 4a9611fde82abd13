// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/memory_port.h"

#include <algorithm>
#include <map>
#include <utility>

namespace h2 {

MemoryPort::MemoryPort(sc_core::sc_module_name name, Settings settings)
    : sc_module(name), settings_(settings), scratch_(settings.burst_bytes) {
  socket.register_nb_transport_bw(this, &MemoryPort::backward);
}

MemoryPort::~MemoryPort() = default;

void MemoryPort::issue(Batch& batch) {
  issue_ = {&batch};
  proceed();
  while (issue_.batch != nullptr) wait(issued_);
}

void MemoryPort::proceed() {
  // A request that is answered at once comes back here: the loop below goes on.
  if (issue_.batch == nullptr || proceeding_) return;
  proceeding_ = true;
  Batch& batch = *issue_.batch;
  const std::vector<Transfer>& transfers = batch.list.transfers();
  const auto left = [&] { return issue_.transfer < transfers.size(); };
  while (left() && !cancelled_ && in_flight_ < settings_.outstanding && requesting_ == nullptr) {
    const Transfer& t = transfers[issue_.transfer];
    const std::uint64_t done = issue_.done;
    const std::uint64_t bytes = std::min<std::uint64_t>(settings_.burst_bytes, t.bytes - done);
    if (admit && !admit(t.halved ? bytes / 2 : bytes)) break;
    issue_.done += bytes;
    if (issue_.done == t.bytes) {
      ++issue_.transfer;
      issue_.done = 0;
    }
    request(batch, t, done, bytes);
  }
  proceeding_ = false;
  if (left() && !cancelled_) return;
  if (left()) batch.failed = true;
  issue_.batch = nullptr;
  issued_.notify();
}

bool MemoryPort::finish(Batch& batch) {
  while (batch.left > 0) wait(finished_);
  return !batch.failed;
}

void MemoryPort::cancel() {
  cancelled_ = true;
  proceed();
}

void MemoryPort::drop_responses() {
  // A transaction under way keeps its data pointer: the buffers stay until the answers are in.
  std::map<Batch*, std::shared_ptr<TransferList::Buffer>> orphans;
  for (const auto& payload : payloads_) {
    Burst& burst = burst_of(*payload);
    if (burst.batch == nullptr) continue;
    auto& orphan = orphans[burst.batch];
    if (orphan == nullptr) {
      orphan = burst.batch->list.buffer();
      burst.batch->left = 0;
      burst.batch->failed = true;
    }
    burst.orphan = orphan;
    burst.batch = nullptr;
  }
  in_flight_ = 0;
  requesting_ = nullptr;
  finished_.notify();
}

void MemoryPort::request(Batch& batch, const Transfer& t, std::uint64_t done, std::uint64_t bytes) {
  tlm::tlm_generic_payload& p = allocate();
  Burst& info = burst_of(p);
  info.batch = &batch;
  ++batch.left;
  p.set_command(t.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  p.set_address(t.address + done);
  p.set_data_ptr(t.timing_only ? scratch_.data() : batch.list.data(t.offset + done));
  p.set_data_length(static_cast<unsigned>(bytes));
  p.set_streaming_width(static_cast<unsigned>(bytes));
  p.set_byte_enable_ptr(nullptr);
  p.set_dmi_allowed(false);
  p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  info.kind = t.kind;
  info.timing_only = t.timing_only;
  info.port = settings_.port;
  info.charged_bytes = static_cast<std::uint32_t>(t.halved ? bytes / 2 : bytes);
  (t.write ? stats_.write_bytes : stats_.read_bytes) += info.charged_bytes;
  ++stats_.bursts;
  send(p);
}

void MemoryPort::send(tlm::tlm_generic_payload& payload) {
  ++in_flight_;
  requesting_ = &payload;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const tlm::tlm_sync_enum status = socket->nb_transport_fw(payload, phase, delay);
  if (status == tlm::TLM_COMPLETED) {
    complete(payload);
  } else if (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
    phase = tlm::END_RESP;
    socket->nb_transport_fw(payload, phase, delay);
    complete(payload);
  } else if (status == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
    requesting_ = nullptr;
  }
}

tlm::tlm_sync_enum MemoryPort::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                        sc_core::sc_time&) {
  if (phase == tlm::END_REQ) {
    requesting_ = nullptr;
    proceed();
    return tlm::TLM_ACCEPTED;
  }
  complete(payload);
  return tlm::TLM_COMPLETED;
}

void MemoryPort::complete(tlm::tlm_generic_payload& payload) {
  Burst& burst = burst_of(payload);
  if (burst.batch == nullptr) {
    burst.orphan.reset();
    payload.release();
    return;
  }
  Batch& batch = *burst.batch;
  burst.batch = nullptr;
  if (payload.is_response_error()) batch.failed = true;
  if (--batch.left == 0) finished_.notify();
  if (requesting_ == &payload) requesting_ = nullptr;  // BEGIN_RESP implies END_REQ
  --in_flight_;
  payload.release();
  proceed();
}

tlm::tlm_generic_payload& MemoryPort::allocate() {
  if (idle_.empty()) {
    payloads_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
    payloads_.back()->set_extension<TransferInfo>(new Burst);
    idle_.push_back(payloads_.back().get());
  }
  tlm::tlm_generic_payload* payload = idle_.back();
  idle_.pop_back();
  payload->acquire();
  return *payload;
}

void MemoryPort::free(tlm::tlm_generic_payload* payload) { idle_.push_back(payload); }

}  // namespace h2
