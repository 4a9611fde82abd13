// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/spin_engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "memory/bus/payload.h"

namespace h2 {
namespace {

const char* const kSpinStates[] = {"idle", "stall", "compute"};

}  // namespace

SpinEngine::SpinEngine(sc_core::sc_module_name name, const Settings& settings,
                       const SpinApsMachine& machine, Glb& buffer, Trace& trace)
    : JobEngine(name, settings, buffer),
      trace_(trace),
      log_(trace.log(this->name())),
      state_signal_(
          trace.add_word(this->name(), "state", {std::begin(kSpinStates), std::end(kSpinStates)})),
      layer_signal_(trace.add_word(this->name(), "layer", {"-"})),
      sub_batch_signal_(trace.add_value(this->name(), "sub_batch", 32)),
      winner_signal_(trace.add_value(this->name(), "winner", 16, TraceLevel::phases, "none")),
      step_signal_(trace.add_value(this->name(), "first_spike_step", 16)),
      power_signal_(trace.add_rate(this->name(), "power_uw")),
      dma_("dma", link_, load_port, store_port, buffer,
           [this](const std::uint8_t* bytes, std::size_t count) { fill_buffer(bytes, count); }),
      scheduler_("scheduler", link_, dma_),
      array_("array", link_, machine, dma_),
      neurons_("neurons", link_),
      arbiter_("arbiter", link_, dma_) {
  link_.period = settings.period;
  link_.fail = [this](std::uint32_t error) { fail(error); };
  link_.on_state = [this](bool works) { set_state(works ? State::compute : State::stall); };
  arbiter_.on_decision = [this](const GlmDecision& d) {
    trace_.change(winner_signal_, static_cast<std::uint16_t>(d.winner));
    trace_.change(step_signal_, static_cast<std::uint64_t>(d.step));
    show_energy();
  };
  trace.declare_track(this->name());
}

void SpinEngine::start_of_simulation() { trace_.change(state_signal_, kSpinStates[0]); }

void SpinEngine::fill_buffer(const std::uint8_t* bytes, std::size_t count) {
  tlm::tlm_generic_payload payload;
  set_access(payload, tlm::TLM_WRITE_COMMAND, Glb::address(Glb::operands, 0),
             const_cast<std::uint8_t*>(bytes), count);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  glb_socket->b_transport(payload, delay);
  if (payload.is_response_error()) fail(H2_ERR_CAPACITY);
}

JobRecord SpinEngine::run(EngineJob& engine_job, std::uint32_t sub_batch, sc_core::sc_time limit) {
  const auto& job = dynamic_cast<const SpinJob&>(engine_job);
  wait_edge();
  begin(job, sub_batch);
  await(limit);
  if (record_.error != H2_OK) break_off();
  // Arrays, neurons and arbiter wait for another step: back to waiting for a job.
  for (SpinStage* stage : stages()) stage->restart();
  link_.clear();
  running_ = false;
  fill_record(job);
  show_energy();
  trace_.rate_off(power_signal_);
  ended_ += link_.events;
  link_.events = {};
  glb_.divide(0, 0);
  wait_edge();
  set_state(State::idle);
  trace_.change(layer_signal_, "-");
  last_end_ = sc_core::sc_time_stamp();
  ++jobs_;
  show_job(sub_batch);
  return record_;
}

void SpinEngine::begin(const SpinJob& job, std::uint32_t sub_batch) {
  load_port.resume();
  store_port.resume();
  record_ = JobRecord{};
  record_.layer = job.name;
  record_.layer_index = job.layer;
  record_.macs = job.macs;
  record_.start_cycle = cycles(sc_core::sc_time_stamp());
  record_.wait_cycles = cycles(sc_core::sc_time_stamp() - last_end_);
  trace_.change(layer_signal_, job.name);
  trace_.change(sub_batch_signal_, sub_batch);
  link_.job = &job;
  link_.events = {};
  link_.compute_cycles = 0;
  dma_.begin();
  scheduler_.begin();
  array_.begin();
  glb_.divide(glb_.capacity(), 0);
  set_state(State::stall);
  trace_.rate_on(power_signal_);
  shown_ = {};
  shown_cycles_ = 0;
  running_ = true;
  link_.start.notify();
}

/// Until the job has ended, or something ends it.
void SpinEngine::await(sc_core::sc_time limit) {
  const sc_core::sc_time end = sc_core::sc_time_stamp() + limit;
  sc_core::sc_event_or_list events;
  events |= scheduler_.finished();
  events |= array_.finished();
  events |= dma_.stored();
  events |= failed_;
  while (!finished() && record_.error == H2_OK) {
    if (limit == sc_core::SC_ZERO_TIME) {
      wait(events);
    } else if (sc_core::sc_time_stamp() >= end) {
      abort(H2_ERR_TIMEOUT);
    } else {
      wait(end - sc_core::sc_time_stamp(), events);
    }
  }
}

void SpinEngine::fail(std::uint32_t error) {
  if (record_.error == H2_OK) record_.error = error;
  failed_.notify();
}

void SpinEngine::abort(std::uint32_t error) {
  if (running_) fail(error);
}

void SpinEngine::break_off() {
  load_port.cancel();
  store_port.cancel();
  const sc_core::sc_time grace = sc_core::sc_time_stamp() + kGraceCycles * settings_.period;
  while (dma_.under_way() && sc_core::sc_time_stamp() < grace) {
    wait(16 * settings_.period);  // responses come on their own
  }
  load_port.drop_responses();
  store_port.drop_responses();
}

void SpinEngine::fill_record(const SpinJob& job) {
  JobRecord& r = record_;
  r.cycles = cycles(sc_core::sc_time_stamp()) - r.start_cycle;
  r.compute_cycles = link_.compute_cycles;
  r.memory_cycles = cycles(dma_.active());
  r.load_stall_cycles = r.cycles - std::min(r.cycles, r.compute_cycles);
  r.executed_macs = link_.events[kSpinAdds];
  r.bytes = dma_.bytes();
  r.events = link_.events;
  if (job.program) return;
  r.densities.spikes.nonzeros = link_.events[kSpinSpikes];
  r.densities.spikes.elements = link_.events[kSpinNeuronSteps];
  r.result_layer = job.result_layer;
}

void SpinEngine::set_state(State state) {
  if (state == state_) return;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  spent_[static_cast<int>(state_)] += now - state_since_;
  state_since_ = now;
  state_ = state;
  trace_.change(state_signal_, kSpinStates[static_cast<int>(state)]);
}

SpinEngine::Stats SpinEngine::stats() const {
  sc_core::sc_time spent[3] = {spent_[0], spent_[1], spent_[2]};
  spent[static_cast<int>(state_)] += sc_core::sc_time_stamp() - state_since_;
  const auto whole = [&](const sc_core::sc_time& time) {
    return time.value() / settings_.period.value();
  };
  return {whole(spent[2]), whole(spent[1]), whole(spent[0])};
}

const EventCounts& SpinEngine::events() const {
  all_ = ended_ + link_.events;
  return all_;
}

void SpinEngine::show_power(std::vector<double> event_pj, double clock_pj) {
  event_pj_ = std::move(event_pj);
  clock_pj_ = clock_pj;
}

/// Picojoules since the last call: 1 pJ in 1 us is 1 uW.
void SpinEngine::show_energy() {
  if (power_signal_ == VcdWriter::kNotTraced) return;
  const EventCounts gained = link_.events - shown_;
  double pj = clock_pj_ * static_cast<double>(link_.compute_cycles - shown_cycles_);
  for (std::size_t k = 0; k < event_pj_.size(); ++k) {
    pj += event_pj_[k] * static_cast<double>(gained[k]);
  }
  shown_ = link_.events;
  shown_cycles_ = link_.compute_cycles;
  trace_.add(power_signal_, static_cast<std::uint64_t>(std::llround(pj)));
}

void SpinEngine::show_job(std::uint32_t sub_batch) const {
  if (log_.shows(TraceLevel::phases)) {
    log_.print(record_.layer + " of sub-batch " + std::to_string(sub_batch) + " ended after " +
               std::to_string(record_.cycles) + " cycles, " +
               std::to_string(record_.events[kSpinDecisions]) + " samples decided by a spike" +
               (record_.error == H2_OK ? "" : ", error " + std::to_string(record_.error)));
  }
  if (!trace_.shows(TraceLevel::phases)) return;
  trace_.slice(name(), record_.layer, record_.start_cycle * settings_.period.value(),
               {{"sub_batch", sub_batch},
                {"cycles", record_.cycles},
                {"compute_cycles", record_.compute_cycles},
                {"load_stall_cycles", record_.load_stall_cycles},
                {"row_reads", record_.events[kSpinRowReads]},
                {"bytes", record_.bytes}});
}

std::string SpinEngine::describe() const {
  return std::string(name()) + ": " + dma_.describe() + ", " + scheduler_.describe() + ", " +
         array_.describe() + ", " + neurons_.describe() + ", " + arbiter_.describe();
}

}  // namespace h2
