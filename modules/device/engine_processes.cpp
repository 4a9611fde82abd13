// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "memory/bus/payload.h"
#include "modules/device/engine.h"

// The four processes of an engine: load, arrive, compute, store.

namespace h2 {
namespace {

/// Credits are taken in steps of this size, or what is left of a chunk.
constexpr std::uint64_t kCreditStep = 32768;

}  // namespace

void Engine::load_process() {
  set_state(State::idle);  // shows in the waveform
  for (;;) {
    load_wait_ = "a job";
    wait(start_);
    arrived_chunks_ = 0;
    for (int chunk = 0; chunk < job_->chunks(); ++chunk) {
      load_wait_ = "memory or room in the GLB";
      arrivals_.emplace_back();
      arrivals_.back().index = chunk;
      arrivals_.back().begin = sc_core::sc_time_stamp();
      if (record_.error == H2_OK) issue_loads(arrivals_.back());
      issued_.write(Token{chunk});
    }
  }
}

void Engine::issue_loads(Arrival& chunk) {
  while ((chunk.slot = glb_.take_slot(Glb::operands)) < 0) wait(arrived_);
  if (chunk.index > 0) resident_ -= release_[chunk.index - 1];
  const std::shared_ptr<Glb::Bytes> half = glb_.memory(Glb::operands, chunk.slot);
  bool more = true;
  for (int stage = 0; more; ++stage) {
    chunk.batch = {TransferList(half)};
    more = job_->load(chunk.index, stage, chunk.batch.list);
    chunk.bytes += chunk.batch.list.charged();
    for (const Transfer& t : chunk.batch.list.transfers()) {
      chunk.filled.write_glb(t.kind, t.charged());
    }
    record_.repeated_bytes += chunk.batch.list.repeated();
    record_.mem2_bytes += chunk.batch.list.mem2();
    note_holds(chunk);
    if (resident_ > glb_.limit(Glb::operands)) return fail(H2_ERR_CAPACITY);
    transfers(+1);
    if (++loads_open_ == 1) trace_.change(load_signal_, 1);
    chunk.open = true;
    to_admit_ = chunk.batch.list.charged();
    admitted_ = 0;
    load_port.issue(chunk.batch);
    if (!more) return;
    // What the next stage loads depends on all that was asked for so far.
    while (arrived_chunks_ < chunk.index) wait(arrived_);
    finish_loads(chunk);
    if (record_.error != H2_OK) return;
  }
}

bool Engine::admit(std::uint64_t bytes) {
  if (admitted_ >= bytes) {
    admitted_ -= bytes;
    return true;
  }
  const std::uint64_t step = std::min(to_admit_, std::max(bytes, kCreditStep));
  if (!glb_.take(Glb::operands, step)) {
    // Little is left, or the rest of the chunk is larger than what is left.
    if (step <= bytes || !glb_.take(Glb::operands, bytes)) return false;
    to_admit_ -= bytes;
    return true;
  }
  to_admit_ -= step;
  admitted_ += step - std::min(step, bytes);
  return true;
}

void Engine::note_holds(const Arrival& chunk) {
  std::uint64_t own = chunk.batch.list.charged();
  resident_ += own;
  for (const TransferList::Hold& hold : chunk.batch.list.holds()) {
    release_[hold.until] += hold.bytes;
    own -= hold.bytes;
  }
  release_[chunk.index] += own;
}

void Engine::finish_loads(Arrival& chunk) {
  if (!chunk.open) return;
  const bool ok = load_port.finish(chunk.batch);
  chunk.open = false;
  transfers(-1);
  if (--loads_open_ == 0) trace_.change(load_signal_, std::uint64_t{0});
  if (!ok) {
    fail(H2_ERR_BUS);
    return;
  }
  pass_glb(Glb::operands, chunk.slot, chunk.batch.list);
  chunk.batch.list.deliver();
}

void Engine::arrive_process() {
  for (;;) {
    arrive_wait_ = "a chunk";
    issued_.read();
    Arrival& chunk = arrivals_.front();
    arrive_wait_ = "memory";
    finish_loads(chunk);
    wait_edge();
    const Token token{chunk.index};
    if (chunk.slot >= 0) {
      // Loads of successive chunks overlap.
      show_phase(("load." + std::to_string(chunk.slot)).c_str(), chunk.index, chunk.begin);
      glb_.give_slot(Glb::operands, chunk.slot);
    }
    record_.bytes += chunk.bytes;
    count(chunk.filled, 0);
    arrived_chunks_ = chunk.index + 1;
    arrivals_.pop_front();
    arrived_.notify();
    arrive_wait_ = "the array";
    loaded_.write(token);
  }
}

void Engine::compute_process() {
  for (;;) {
    compute_wait_ = "a loaded chunk";
    const Token token = loaded_.read();
    const bool passed = record_.error == H2_OK && compute_chunk(token);
    release_operands(token.index);
    if (!passed && token.index == job_->chunks() - 1) computed_.write(Token{token.index});
  }
}

void Engine::release_operands(int chunk) {
  glb_.give(Glb::operands, release_[chunk]);
  load_port.retry();
}

void Engine::begin_results(int chunk) {
  const std::uint64_t bytes = job_->results(chunk).begin;
  // What earlier chunks made and do not give back before this one has to fit beside it.
  made_ += bytes;
  if (made_ > glb_.limit(Glb::results)) return fail(H2_ERR_CAPACITY);
  compute_wait_ = "room for results";
  const sc_core::sc_time since = sc_core::sc_time_stamp();
  while (!finished_ && record_.error == H2_OK && !glb_.take(Glb::results, bytes)) {
    wait(glb_.freed());
  }
  if (state_ == State::stall) result_wait_ += sc_core::sc_time_stamp() - since;
  wait_edge();
}

bool Engine::compute_chunk(const Token& token) {
  begin_results(token.index);
  if (record_.error != H2_OK) return false;
  const ChunkWork work = job_->work(token.index);
  std::unique_ptr<WorkerPool::Work> arithmetic;
  if (job_->computes(token.index)) {
    arithmetic = workers_.run([this, token] { job_->compute(token.index); });
  }
  set_state(State::compute);
  compute_wait_ = "the array";
  const sc_core::sc_time begin = sc_core::sc_time_stamp();
  wait(static_cast<double>(work.cycles.total()) * settings_.period);
  if (arithmetic != nullptr) arithmetic->finish(1);
  show_phase("compute", token.index, begin);
  set_state(token.index == job_->chunks() - 1 ? State::transfer : State::stall);
  record_.fill_cycles += work.cycles.fill;
  record_.drain_cycles += work.cycles.drain;
  record_.executed_macs += work.executed_macs;
  count(work.events, work.cycles.total());
  if (job_->error != H2_OK) {
    fail(job_->error);
    return false;
  }
  return hand_over(token);
}

bool Engine::hand_over(const Token& token) {
  const std::uint64_t given = job_->results(token.index).end;
  made_ -= std::min(made_, given);
  int slot;
  while ((slot = glb_.take_slot(Glb::results)) < 0) wait(glb_.freed());
  MemoryPort::Batch batch{TransferList(glb_.memory(Glb::results, slot))};
  job_->store(token.index, batch.list);
  if (batch.list.transfers().empty()) {
    glb_.give_slot(Glb::results, slot);
    glb_.give(Glb::results, given);
    return false;
  }
  pass_glb(Glb::results, slot, batch.list);
  record_.bytes += batch.list.charged();
  EventCounts drained;
  for (const Transfer& t : batch.list.transfers()) drained.read_glb(t.kind, t.charged());
  count(drained, 0);
  record_.mem2_bytes += batch.list.mem2();
  stores_.push_back({slot, given, std::move(batch)});
  computed_.write(Token{token.index, true});
  return true;
}

void Engine::store_process() {
  for (;;) {
    store_wait_ = "a computed chunk";
    const Token token = computed_.read();
    if (token.has_stores) {
      store_wait_ = "memory";
      const sc_core::sc_time begin = sc_core::sc_time_stamp();
      transfers(+1);
      trace_.change(store_signal_, 1);
      Departure& departure = stores_.front();
      store_port.issue(departure.batch);
      if (!store_port.finish(departure.batch)) fail(H2_ERR_BUS);
      trace_.change(store_signal_, std::uint64_t{0});
      transfers(-1);
      show_phase("store", token.index, begin);
      glb_.give_slot(Glb::results, departure.slot);
      glb_.give(Glb::results, departure.results);
      stores_.pop_front();
    }
    if (token.index == job_->chunks() - 1) {
      finished_ = true;
      done_.notify();
    }
  }
}

void Engine::pass_glb(Glb::Side side, int slot, const TransferList& list) {
  if (list.bytes() == 0) return;
  for (const tlm::tlm_command command : {tlm::TLM_WRITE_COMMAND, tlm::TLM_READ_COMMAND}) {
    tlm::tlm_generic_payload payload;
    set_access(payload, command, Glb::address(side, slot) + list.begin(), list.data(list.begin()),
               list.bytes());
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    glb_socket->b_transport(payload, delay);
    if (payload.is_response_error()) fail(H2_ERR_CAPACITY);
  }
}

}  // namespace h2
