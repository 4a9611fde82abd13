// SPDX-License-Identifier: Apache-2.0
#include "modules/device/engine.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "memory/bus/payload.h"

namespace h2 {
namespace {

/// Credits are taken in steps of this size, or what is left of a chunk.
constexpr std::uint64_t kCreditStep = 32768;

const char* const kStateNames[] = {"idle", "load_store", "stall", "compute"};

}  // namespace

Engine::Engine(sc_core::sc_module_name name, const Settings& settings, Glb& glb,
               WorkerPool& workers, Trace& trace)
    : sc_module(name),
      load_port("load", settings.load),
      store_port("store", settings.store),
      settings_(settings),
      glb_(glb),
      workers_(workers),
      trace_(trace),
      log_(trace.log(this->name())),
      state_signal_(
          trace.add_word(this->name(), "state", {std::begin(kStateNames), std::end(kStateNames)})),
      layer_signal_(trace.add_word(this->name(), "layer", {"-"})),
      sub_batch_signal_(trace.add_value(this->name(), "sub_batch", 32)),
      load_signal_(trace.add_bit(load_port.name(), "busy")),
      store_signal_(trace.add_bit(store_port.name(), "busy")) {
  declare_rows();
  SC_HAS_PROCESS(Engine);
  SC_THREAD(load_process);
  SC_THREAD(arrive_process);
  SC_THREAD(compute_process);
  SC_THREAD(store_process);
  SC_METHOD(drop_responses);
  sensitive << grace_end_;
  dont_initialize();
  load_port.admit = [this](std::uint64_t bytes) { return admit(bytes); };
}

JobRecord Engine::run(Job& job, std::uint32_t sub_batch, sc_core::sc_time limit) {
  wait_edge();
  load_port.resume();
  store_port.resume();
  job_ = &job;
  job.workers = &workers_;
  record_ = JobRecord{};
  record_.layer = job.name;
  record_.layer_index = job.layer;
  record_.macs = job.macs;
  record_.start_cycle = cycles(sc_core::sc_time_stamp());
  record_.wait_cycles = cycles(sc_core::sc_time_stamp() - last_end_);
  result_wait_ = sc_core::SC_ZERO_TIME;
  const sc_core::sc_time compute_before = spent_[static_cast<int>(State::compute)];
  const sc_core::sc_time stall_before = spent_[static_cast<int>(State::stall)];
  const sc_core::sc_time transfer_before = transfer_spent_;
  trace_.change(layer_signal_, job.name);
  trace_.change(sub_batch_signal_, sub_batch);
  if (log_.shows(TraceLevel::phases)) {
    log_.print(job.name + " of sub-batch " + std::to_string(sub_batch) + " begins, " +
               std::to_string(job.chunks()) + " chunks");
  }
  set_state(State::stall);
  release_.assign(job.chunks(), 0);
  resident_ = made_ = 0;
  GlbRoom room = job.room;
  if (room.operands + room.results == 0) room = {glb_.capacity() / 2, glb_.capacity() / 2};
  if (!glb_.divide(room.operands, room.results)) fail(H2_ERR_CAPACITY);
  finished_ = false;
  start_.notify();
  if (limit > sc_core::SC_ZERO_TIME) {
    wait(limit, done_);
    if (!finished_) abort(H2_ERR_TIMEOUT);
  }
  while (!finished_) wait(done_);
  grace_end_.cancel();
  glb_.divide(0, 0);
  wait_edge();
  set_state(State::idle);
  trace_.change(layer_signal_, "-");
  record_.cycles = cycles(sc_core::sc_time_stamp()) - record_.start_cycle;
  record_.compute_cycles = cycles(spent_[static_cast<int>(State::compute)] - compute_before);
  record_.memory_cycles = cycles(transfer_spent_ - transfer_before);
  const sc_core::sc_time starved = spent_[static_cast<int>(State::stall)] - stall_before;
  record_.load_stall_cycles = cycles(starved - result_wait_);
  record_.store_stall_cycles = record_.cycles - record_.compute_cycles - record_.load_stall_cycles;
  last_end_ = sc_core::sc_time_stamp();
  record_.range = job.range;
  record_.densities = job.densities;
  record_.result_layer = job.result_layer;
  kernel_seconds_ += job.kernels.seconds();
  job_ = nullptr;
  ++jobs_;
  show_job(sub_batch);
  return record_;
}

void Engine::abort(std::uint32_t error) {
  if (job_ == nullptr || finished_) return;
  fail(error);
  load_port.cancel();
  store_port.cancel();
  grace_end_.notify(kGraceCycles * settings_.period);
}

void Engine::drop_responses() {
  load_port.drop_responses();
  store_port.drop_responses();
}

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
    record_.events[kGlbWriteBytes] += chunk.bytes;
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
  record_.events += work.events;
  if (job_->error != H2_OK) {
    fail(job_->error);
    return false;
  }
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
  record_.events[kGlbReadBytes] += batch.list.charged();
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

void Engine::fail(std::uint32_t error) {
  if (record_.error == H2_OK) record_.error = error;
}

void Engine::set_state(State state) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  spent_[static_cast<int>(state_)] += now - state_since_;
  state_since_ = now;
  state_ = state;
  trace_.change(state_signal_, kStateNames[static_cast<int>(state)]);
}

void Engine::transfers(int change) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  if (active_transfers_ > 0) transfer_spent_ += now - transfer_since_;
  transfer_since_ = now;
  active_transfers_ += change;
}

void Engine::wait_edge() {
  const auto period = settings_.period.value();
  const auto late = sc_core::sc_time_stamp().value() % period;
  if (late != 0) wait(sc_core::sc_time::from_value(period - late));
}

}  // namespace h2
