// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/spin_engine.h"

#include <algorithm>

namespace h2 {

SpinEngine::SpinEngine(sc_core::sc_module_name name, const Settings& settings,
                       const SpinApsMachine& machine, Glb& buffer, Trace& trace)
    : StagedEngine(name, settings, buffer, trace, link_),
      winner_signal_(trace.add_value(this->name(), "winner", 16, TraceLevel::phases, "none")),
      step_signal_(trace.add_value(this->name(), "first_spike_step", 16)),
      dma_("dma", link_, load_port, store_port, buffer,
           [this](const std::uint8_t* bytes, std::size_t count) { fill_buffer(bytes, count); }),
      scheduler_("scheduler", link_, dma_),
      array_("array", link_, machine, dma_),
      neurons_("neurons", link_),
      arbiter_("arbiter", link_, dma_) {
  connect({&dma_, &scheduler_, &array_, &neurons_, &arbiter_});
  arbiter_.on_decision = [this](const GlmDecision& d) {
    trace_.change(winner_signal_, static_cast<std::uint16_t>(d.winner));
    trace_.change(step_signal_, static_cast<std::uint64_t>(d.step));
    show_energy();
  };
}

void SpinEngine::begin(const EngineJob& job) {
  link_.job = &dynamic_cast<const SpinJob&>(job);
  dma_.begin();
  scheduler_.begin();
  array_.begin();
}

bool SpinEngine::finished() const {
  return (link_.job->program ? array_.programmed() : scheduler_.done()) && !dma_.storing();
}

void SpinEngine::add_ends(sc_core::sc_event_or_list& events) const {
  events |= scheduler_.finished();
  events |= array_.finished();
  events |= dma_.stored();
}

/// Arrays, neurons and arbiter wait for another step: back to waiting for a job.
void SpinEngine::end(bool /*failed*/) {
  restart_stages();
  link_.clear();
}

void SpinEngine::fill_record(const EngineJob& engine_job, JobRecord& r) {
  const auto& job = dynamic_cast<const SpinJob&>(engine_job);
  r.memory_cycles = cycles(dma_.active());
  r.load_stall_cycles = r.cycles - std::min(r.cycles, r.compute_cycles);
  r.executed_macs = link_.events[kSpinAdds];
  r.bytes = dma_.bytes();
  if (job.program) return;
  r.densities.spikes.nonzeros = link_.events[kSpinSpikes];
  r.densities.spikes.elements = link_.events[kSpinNeuronSteps];
}

std::string SpinEngine::outcome(const JobRecord& record) const {
  return std::to_string(record.events[kSpinDecisions]) + " samples decided by a spike";
}

void SpinEngine::add_arguments(const JobRecord& record, nlohmann::ordered_json& arguments) const {
  arguments["row_reads"] = record.events[kSpinRowReads];
}

}  // namespace h2
