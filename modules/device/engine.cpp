// SPDX-License-Identifier: Apache-2.0
#include "modules/device/engine.h"

#include <iterator>
#include <string>

namespace h2 {
namespace {

const char* const kStateNames[] = {"idle", "load_store", "stall", "compute"};

}  // namespace

Engine::Engine(sc_core::sc_module_name name, const Settings& settings, Glb& glb,
               WorkerPool& workers, Trace& trace)
    : JobEngine(name, settings, glb),
      workers_(workers),
      trace_(trace),
      log_(trace.log(this->name())),
      state_signal_(
          trace.add_word(this->name(), "state", {std::begin(kStateNames), std::end(kStateNames)})),
      layer_signal_(trace.add_word(this->name(), "layer", {"-"})),
      sub_batch_signal_(trace.add_value(this->name(), "sub_batch", 32)),
      load_signal_(trace.add_bit(load_port.name(), "busy")),
      store_signal_(trace.add_bit(store_port.name(), "busy")),
      power_signal_(trace.add_rate(this->name(), "power_uw")) {
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

JobRecord Engine::run(EngineJob& engine_job, std::uint32_t sub_batch, sc_core::sc_time limit) {
  Job& job = dynamic_cast<Job&>(engine_job);
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
  trace_.rate_on(power_signal_);
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
  trace_.rate_off(power_signal_);
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
  record_.element_wise = job.element_wise;
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

}  // namespace h2
