// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/spinal_engine.h"

#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "memory/bus/payload.h"

namespace h2 {
namespace {

const char* const kUnitStates[] = {"idle", "stall", "compute"};

MinFindUnit::Fifos make_fifos(const SpinalUnit& unit) {
  MinFindUnit::Fifos fifos;
  for (int g = 0; g < unit.merge_ways; ++g) {
    fifos.push_back(std::make_unique<BoundedFifo<SpineToken>>(unit.merge_fifo));
  }
  return fifos;
}

}  // namespace

SpinalEngine::SpinalEngine(sc_core::sc_module_name name, const Settings& settings,
                           Glb& filter_memory, Trace& trace)
    : JobEngine(name, settings, filter_memory),
      trace_(trace),
      log_(trace.log(this->name())),
      state_signal_(
          trace.add_word(this->name(), "state", {std::begin(kUnitStates), std::end(kUnitStates)})),
      layer_signal_(trace.add_word(this->name(), "layer", {"-"})),
      sub_batch_signal_(trace.add_value(this->name(), "sub_batch", 32)),
      power_signal_(trace.add_rate(this->name(), "power_uw")),
      groups_(make_fifos(settings.unit)),
      min_find_("min_find", link_, spines_, groups_),
      merge_("merge", link_, groups_, merged_),
      filter_("filter", link_, filter_memory, merged_, rows_),
      dma_("dma", link_,
           {load_port, store_port, settings.dma_bytes,
            [this](const std::uint8_t* bytes, std::size_t count) { pass_filter(bytes, count); }},
           filter_memory, filter_, spines_, tiles_, sums_),
      lanes_("lanes", link_, {filter_, min_find_, rows_, sums_, dma_, lane_fifos_}),
      sorter_("sorter", link_, lane_fifos_, tiles_, dma_) {
  link_.period = settings.period;
  link_.fail = [this](std::uint32_t error) { fail(error); };
  lanes_.on_state = [this](bool works) { set_state(works ? State::compute : State::stall); };
  lanes_.on_visit = [this] { show_energy(); };
  trace.declare_track(this->name());
}

void SpinalEngine::start_of_simulation() { trace_.change(state_signal_, kUnitStates[0]); }

void SpinalEngine::pass_filter(const std::uint8_t* bytes, std::size_t count) {
  tlm::tlm_generic_payload payload;
  set_access(payload, tlm::TLM_WRITE_COMMAND, Glb::address(Glb::operands, 0),
             const_cast<std::uint8_t*>(bytes), count);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  glb_socket->b_transport(payload, delay);
  if (payload.is_response_error()) fail(H2_ERR_CAPACITY);
}

JobRecord SpinalEngine::run(EngineJob& engine_job, std::uint32_t sub_batch,
                            sc_core::sc_time limit) {
  const auto& job = dynamic_cast<const SpineJob&>(engine_job);
  wait_edge();
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
  begin(job);
  await(limit);
  if (record_.error != H2_OK) break_off();
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

void SpinalEngine::begin(const SpineJob& job) {
  plan_.emplace(job);
  link_.plan = &*plan_;
  link_.events = {};
  spines_.begin(job.unit.most_spines());
  tiles_.begin(job.unit.output_tiles);
  sums_.begin(1);
  lane_fifos_.begin(job.unit.lane_fifo);
  filter_.begin();
  dma_.begin();
  lanes_.begin();
  sorter_.begin();
  glb_.divide(glb_.capacity(), 0);
  set_state(State::stall);
  trace_.rate_on(power_signal_);
  shown_ = {};
  shown_rows_ = 0;
  running_ = true;
  link_.start.notify();
}

/// Until the job has ended, or something ends it.
void SpinalEngine::await(sc_core::sc_time limit) {
  const sc_core::sc_time end = sc_core::sc_time_stamp() + limit;
  while (!finished() && record_.error == H2_OK) {
    if (limit == sc_core::SC_ZERO_TIME) {
      wait(sorter_.finished() | dma_.stored() | failed_);
    } else if (sc_core::sc_time_stamp() >= end) {
      abort(H2_ERR_TIMEOUT);
    } else {
      wait(end - sc_core::sc_time_stamp(), sorter_.finished() | dma_.stored() | failed_);
    }
  }
}

void SpinalEngine::fail(std::uint32_t error) {
  if (record_.error == H2_OK) record_.error = error;
  failed_.notify();
}

void SpinalEngine::abort(std::uint32_t error) {
  if (running_) fail(error);
}

void SpinalEngine::break_off() {
  load_port.cancel();
  store_port.cancel();
  const sc_core::sc_time grace = sc_core::sc_time_stamp() + kGraceCycles * settings_.period;
  while (dma_.under_way() && sc_core::sc_time_stamp() < grace) {
    wait(16 * settings_.period);  // responses come on their own
  }
  load_port.drop_responses();
  store_port.drop_responses();
  for (SpineStage* stage : std::initializer_list<SpineStage*>{&min_find_, &merge_, &filter_, &dma_,
                                                              &lanes_, &sorter_}) {
    stage->restart();
  }
  for (const auto& fifo : groups_) fifo->clear();
  merged_.clear();
  rows_.clear();
}

void SpinalEngine::fill_record(const SpineJob& job) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  JobRecord& r = record_;
  if (r.error == H2_OK) link_.events[kDrain] = cycles(now - lanes_.end());
  r.cycles = cycles(now) - r.start_cycle;
  r.compute_cycles = lanes_.busy();
  r.memory_cycles = cycles(dma_.active());
  r.store_stall_cycles = link_.events[kSorterStall] + link_.events[kDrain];
  r.load_stall_cycles = r.cycles - r.compute_cycles - r.store_stall_cycles;
  r.executed_macs = link_.events[kAdds];
  r.bytes = dma_.bytes();
  r.events = link_.events;
  const SpineShape output = job.shape.output();
  r.densities = job.densities;
  r.densities.spikes.nonzeros = link_.events[kSpikes];
  r.densities.spikes.elements =
      static_cast<std::uint64_t>(output.positions()) * output.most() * job.samples;
  r.result_layer = job.result_layer;
}

void SpinalEngine::set_state(State state) {
  if (state == state_) return;
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  spent_[static_cast<int>(state_)] += now - state_since_;
  state_since_ = now;
  state_ = state;
  trace_.change(state_signal_, kUnitStates[static_cast<int>(state)]);
}

SpinalEngine::Stats SpinalEngine::stats() const {
  sc_core::sc_time spent[3] = {spent_[0], spent_[1], spent_[2]};
  spent[static_cast<int>(state_)] += sc_core::sc_time_stamp() - state_since_;
  const auto whole = [&](const sc_core::sc_time& time) {
    return time.value() / settings_.period.value();
  };
  return {whole(spent[2]), whole(spent[1]), whole(spent[0])};
}

const EventCounts& SpinalEngine::events() const {
  all_ = ended_ + link_.events;
  return all_;
}

void SpinalEngine::show_power(std::vector<double> event_pj, double clock_pj) {
  event_pj_ = std::move(event_pj);
  clock_pj_ = clock_pj;
}

/// Picojoules since the last call: 1 pJ in 1 us is 1 uW.
void SpinalEngine::show_energy() {
  if (power_signal_ == VcdWriter::kNotTraced) return;
  const EventCounts gained = link_.events - shown_;
  double pj = clock_pj_ * static_cast<double>(lanes_.busy() - shown_rows_);
  for (std::size_t k = 0; k < event_pj_.size(); ++k) {
    pj += event_pj_[k] * static_cast<double>(gained[k]);
  }
  shown_ = link_.events;
  shown_rows_ = lanes_.busy();
  trace_.add(power_signal_, static_cast<std::uint64_t>(std::llround(pj)));
}

void SpinalEngine::show_job(std::uint32_t sub_batch) const {
  if (log_.shows(TraceLevel::phases)) {
    log_.print(record_.layer + " of sub-batch " + std::to_string(sub_batch) + " ended after " +
               std::to_string(record_.cycles) + " cycles, " +
               std::to_string(record_.compute_cycles) + " of them adding rows" +
               (record_.error == H2_OK ? "" : ", error " + std::to_string(record_.error)));
  }
  if (!trace_.shows(TraceLevel::phases)) return;
  trace_.slice(name(), record_.layer, record_.start_cycle * settings_.period.value(),
               {{"sub_batch", sub_batch},
                {"cycles", record_.cycles},
                {"compute_cycles", record_.compute_cycles},
                {"load_stall_cycles", record_.load_stall_cycles},
                {"store_stall_cycles", record_.store_stall_cycles},
                {"bytes", record_.bytes}});
}

std::string SpinalEngine::describe() const {
  return std::string(name()) + ": " + dma_.describe() + ", " + min_find_.describe() + ", " +
         merge_.describe() + ", " + filter_.describe() + ", " + lanes_.describe() + ", " +
         sorter_.describe();
}

}  // namespace h2
