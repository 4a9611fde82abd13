// SPDX-License-Identifier: Apache-2.0
#include "modules/device/staged_engine.h"

#include <cmath>
#include <iterator>
#include <utility>

#include "memory/bus/payload.h"

namespace h2 {
namespace {

const char* const kStagedStates[] = {"idle", "stall", "compute"};

}  // namespace

StagedEngine::StagedEngine(const sc_core::sc_module_name& name, const Settings& settings, Glb& glb,
                           Trace& trace, StageLink& link)
    : JobEngine(name, settings, glb),
      trace_(trace),
      log_(trace.log(this->name())),
      shared_(link),
      state_signal_(trace.add_word(this->name(), "state",
                                   {std::begin(kStagedStates), std::end(kStagedStates)})),
      layer_signal_(trace.add_word(this->name(), "layer", {"-"})),
      sub_batch_signal_(trace.add_value(this->name(), "sub_batch", 32)),
      power_signal_(trace.add_rate(this->name(), "power_uw")) {
  trace.declare_track(this->name());
}

void StagedEngine::connect(std::vector<Stage*> stages) {
  stages_ = std::move(stages);
  shared_.period = settings_.period;
  shared_.fail = [this](std::uint32_t error) { fail(error); };
  shared_.on_state = [this](bool works) { set_state(works ? State::compute : State::stall); };
}

void StagedEngine::start_of_simulation() { trace_.change(state_signal_, kStagedStates[0]); }

void StagedEngine::restart_stages() {
  for (Stage* stage : stages_) stage->restart();
}

void StagedEngine::fill_buffer(const std::uint8_t* bytes, std::size_t count) {
  tlm::tlm_generic_payload payload;
  set_access(payload, tlm::TLM_WRITE_COMMAND, Glb::address(Glb::operands, 0),
             const_cast<std::uint8_t*>(bytes), count);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  glb_socket->b_transport(payload, delay);
  if (payload.is_response_error()) fail(H2_ERR_CAPACITY);
}

JobRecord StagedEngine::run(EngineJob& job, std::uint32_t sub_batch, sc_core::sc_time limit) {
  wait_edge();
  begin_record(job, sub_batch);
  begin(job);
  glb_.divide(glb_.capacity(), 0);
  set_state(State::stall);
  trace_.rate_on(power_signal_);
  running_ = true;
  shared_.start.notify();
  await(limit);
  if (record_.error != H2_OK) break_off();
  end(record_.error != H2_OK);
  running_ = false;
  record_.cycles = cycles(sc_core::sc_time_stamp()) - record_.start_cycle;
  record_.compute_cycles = shared_.compute_cycles;
  record_.densities = job.densities;
  record_.result_layer = job.result_layer;
  fill_record(job, record_);
  record_.events = shared_.events;
  show_energy();
  trace_.rate_off(power_signal_);
  ended_ += shared_.events;
  shared_.events = {};
  glb_.divide(0, 0);
  wait_edge();
  set_state(State::idle);
  trace_.change(layer_signal_, "-");
  last_end_ = sc_core::sc_time_stamp();
  ++jobs_;
  show_job(sub_batch);
  return record_;
}

void StagedEngine::begin_record(const EngineJob& job, std::uint32_t sub_batch) {
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
  shared_.events = {};
  shared_.compute_cycles = 0;
  shown_ = {};
  shown_cycles_ = 0;
}

/// Until the job has ended, or something ends it.
void StagedEngine::await(sc_core::sc_time limit) {
  const sc_core::sc_time latest = sc_core::sc_time_stamp() + limit;
  sc_core::sc_event_or_list events;
  add_ends(events);
  events |= failed_;
  while (!finished() && record_.error == H2_OK) {
    if (limit == sc_core::SC_ZERO_TIME) {
      wait(events);
    } else if (sc_core::sc_time_stamp() >= latest) {
      abort(H2_ERR_TIMEOUT);
    } else {
      wait(latest - sc_core::sc_time_stamp(), events);
    }
  }
}

void StagedEngine::fail(std::uint32_t error) {
  if (record_.error == H2_OK) record_.error = error;
  failed_.notify();
}

void StagedEngine::abort(std::uint32_t error) {
  if (running_) fail(error);
}

void StagedEngine::break_off() {
  load_port.cancel();
  store_port.cancel();
  const sc_core::sc_time grace = sc_core::sc_time_stamp() + kGraceCycles * settings_.period;
  while (under_way() && sc_core::sc_time_stamp() < grace) {
    wait(16 * settings_.period);  // responses come on their own
  }
  load_port.drop_responses();
  store_port.drop_responses();
}

void StagedEngine::set_state(State state) {
  if (state == state_) return;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  spent_[static_cast<int>(state_)] += now - state_since_;
  state_since_ = now;
  state_ = state;
  trace_.change(state_signal_, kStagedStates[static_cast<int>(state)]);
}

StagedEngine::Stats StagedEngine::stats() const {
  sc_core::sc_time spent[3] = {spent_[0], spent_[1], spent_[2]};
  spent[static_cast<int>(state_)] += sc_core::sc_time_stamp() - state_since_;
  const auto whole = [&](const sc_core::sc_time& time) {
    return time.value() / settings_.period.value();
  };
  return {whole(spent[2]), whole(spent[1]), whole(spent[0])};
}

const EventCounts& StagedEngine::events() const {
  all_ = ended_ + shared_.events;
  return all_;
}

void StagedEngine::show_power(std::vector<double> event_pj, double clock_pj) {
  event_pj_ = std::move(event_pj);
  clock_pj_ = clock_pj;
}

/// 1 pJ in 1 us is 1 uW.
void StagedEngine::show_energy() {
  if (power_signal_ == VcdWriter::kNotTraced) return;
  const EventCounts gained = shared_.events - shown_;
  double pj = clock_pj_ * static_cast<double>(shared_.compute_cycles - shown_cycles_);
  for (std::size_t k = 0; k < event_pj_.size(); ++k) {
    pj += event_pj_[k] * static_cast<double>(gained[k]);
  }
  shown_ = shared_.events;
  shown_cycles_ = shared_.compute_cycles;
  trace_.add(power_signal_, static_cast<std::uint64_t>(std::llround(pj)));
}

void StagedEngine::show_job(std::uint32_t sub_batch) const {
  if (log_.shows(TraceLevel::phases)) {
    log_.print(record_.layer + " of sub-batch " + std::to_string(sub_batch) + " ended after " +
               std::to_string(record_.cycles) + " cycles, " + outcome(record_) +
               (record_.error == H2_OK ? "" : ", error " + std::to_string(record_.error)));
  }
  if (!trace_.shows(TraceLevel::phases)) return;
  nlohmann::ordered_json arguments{{"sub_batch", sub_batch},
                                   {"cycles", record_.cycles},
                                   {"compute_cycles", record_.compute_cycles},
                                   {"load_stall_cycles", record_.load_stall_cycles}};
  add_arguments(record_, arguments);
  arguments["bytes"] = record_.bytes;
  trace_.slice(name(), record_.layer, record_.start_cycle * settings_.period.value(), arguments);
}

std::string StagedEngine::describe() const {
  std::string text = std::string(name()) + ": ";
  for (const Stage* stage : stages_) {
    text += (stage == stages_.front() ? "" : ", ") + stage->describe();
  }
  return text;
}

}  // namespace h2
