// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/spinal_engine.h"

#include <memory>

namespace h2 {
namespace {

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
    : StagedEngine(name, settings, filter_memory, trace, link_),
      groups_(make_fifos(settings.unit)),
      min_find_("min_find", link_, spines_, groups_),
      merge_("merge", link_, groups_, merged_),
      filter_("filter", link_, filter_memory, merged_, rows_),
      dma_("dma", link_,
           {load_port, store_port, settings.dma_bytes,
            [this](const std::uint8_t* bytes, std::size_t count) { fill_buffer(bytes, count); }},
           filter_memory, filter_, spines_, tiles_, sums_),
      lanes_("lanes", link_, {filter_, min_find_, rows_, sums_, dma_, lane_fifos_}),
      sorter_("sorter", link_, lane_fifos_, tiles_, dma_) {
  connect({&dma_, &min_find_, &merge_, &filter_, &lanes_, &sorter_});
  lanes_.on_visit = [this] { show_energy(); };
}

void SpinalEngine::begin(const EngineJob& engine_job) {
  const auto& job = dynamic_cast<const SpineJob&>(engine_job);
  plan_.emplace(job);
  link_.plan = &*plan_;
  spines_.begin(job.unit.most_spines());
  tiles_.begin(job.unit.output_tiles);
  sums_.begin(1);
  lane_fifos_.begin(job.unit.lane_fifo);
  filter_.begin();
  dma_.begin();
  lanes_.begin();
  sorter_.begin();
}

void SpinalEngine::add_ends(sc_core::sc_event_or_list& events) const {
  events |= sorter_.finished();
  events |= dma_.stored();
}

void SpinalEngine::end(bool failed) {
  if (!failed) return;
  restart_stages();
  for (const auto& fifo : groups_) fifo->clear();
  merged_.clear();
  rows_.clear();
}

void SpinalEngine::fill_record(const EngineJob& engine_job, JobRecord& r) {
  const auto& job = dynamic_cast<const SpineJob&>(engine_job);
  if (r.error == H2_OK) link_.events[kDrain] = cycles(sc_core::sc_time_stamp() - lanes_.end());
  r.memory_cycles = cycles(dma_.active());
  r.store_stall_cycles = link_.events[kSorterStall] + link_.events[kDrain];
  r.load_stall_cycles = r.cycles - r.compute_cycles - r.store_stall_cycles;
  r.executed_macs = link_.events[kAdds];
  r.bytes = dma_.bytes();
  const SpineShape output = job.shape.output();
  r.densities.spikes.nonzeros = link_.events[kSpikes];
  r.densities.spikes.elements =
      static_cast<std::uint64_t>(output.positions()) * output.most() * job.samples;
}

std::string SpinalEngine::outcome(const JobRecord& record) const {
  return std::to_string(record.compute_cycles) + " of them adding rows";
}

void SpinalEngine::add_arguments(const JobRecord& record, nlohmann::ordered_json& arguments) const {
  arguments["store_stall_cycles"] = record.store_stall_cycles;
}

}  // namespace h2
