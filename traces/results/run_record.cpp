// SPDX-License-Identifier: Apache-2.0
#include "traces/results/run_record.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <type_traits>

#include "modules/base/wilson.h"
#include "modules/contract/h2_contract.h"

namespace h2 {

namespace {

template <class Combine>
MemoryBytes combine_memory(const MemoryBytes& x, const MemoryBytes& y, Combine of) {
  MemoryBytes m;
  for (auto member : {&MemoryBytes::read, &MemoryBytes::written, &MemoryBytes::activates,
                      &MemoryBytes::device_reads, &MemoryBytes::device_writes}) {
    m.*member = of(x.*member, y.*member);
  }
  for (auto kinds : {&MemoryBytes::read_by_kind, &MemoryBytes::written_by_kind}) {
    std::transform((x.*kinds).begin(), (x.*kinds).end(), (y.*kinds).begin(), (m.*kinds).begin(),
                   of);
  }
  return m;
}

template <class Combine>
Snapshot combine(const Snapshot& a, const Snapshot& b, Combine of) {
  Snapshot s;
  s.cycle = of(a.cycle, b.cycle);
  s.engines.resize(std::max(a.engines.size(), b.engines.size()));
  s.events.resize(std::max(a.events.size(), b.events.size()));
  s.memories.resize(std::max(a.memories.size(), b.memories.size()));
  const auto at = [](const auto& list, std::size_t i) {
    return i < list.size() ? list[i] : typename std::decay_t<decltype(list)>::value_type{};
  };
  for (std::size_t i = 0; i < s.engines.size(); ++i) {
    s.engines[i] = of(at(a.engines, i), at(b.engines, i));
  }
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    s.events[i] = of(at(a.events, i), at(b.events, i));
  }
  for (std::size_t i = 0; i < s.memories.size(); ++i) {
    s.memories[i] = combine_memory(at(a.memories, i), at(b.memories, i), of);
  }
  return s;
}

JobKind kind_of(const LayerRecord& record) {
  if (record.opcode == H2_OP_UPDATE) return JobKind::update;
  if (record.job.element_wise) return JobKind::norm;
  const bool grad = record.opcode == H2_OP_BACKWARD && record.job.macs == 0;
  return grad ? JobKind::grad : JobKind::array;
}

}  // namespace

const char* name_of(JobKind kind) {
  static const char* const names[] = {"update", "grad", "array", "norm"};
  return names[static_cast<int>(kind)];
}

const char* pass_of(std::uint8_t opcode) {
  switch (opcode) {
    case H2_OP_FORWARD:
      return "forward";
    case H2_OP_BACKWARD:
      return "backward";
    case H2_OP_WEIGHT_GRADIENT:
      return "weight_update";
    default:
      return "";
  }
}

Snapshot operator-(const Snapshot& end, const Snapshot& start) {
  return combine(end, start, std::minus<>());
}

Snapshot operator+(const Snapshot& a, const Snapshot& b) { return combine(a, b, std::plus<>()); }

std::uint64_t InferenceRecord::samples(std::size_t label) const {
  return std::accumulate(confusion[label].begin(), confusion[label].end(), std::uint64_t{0});
}

double InferenceRecord::mean_spikes(std::size_t label, std::size_t neuron) const {
  const auto all = static_cast<double>(std::max<std::uint64_t>(1, samples(label)));
  return static_cast<double>(spikes[label][neuron]) / all;
}

std::optional<double> InferenceRecord::accuracy() const {
  if (predicted.empty()) return {};
  std::uint64_t correct = 0;
  for (std::size_t label = 0; label < confusion.size(); ++label) correct += confusion[label][label];
  return static_cast<double>(correct) / static_cast<double>(predicted.size());
}

std::pair<double, double> InferenceRecord::interval() const {
  return wilson_interval(accuracy().value_or(0),
                         static_cast<double>(std::max<std::size_t>(1, predicted.size())));
}

Snapshot RunRecord::trained(std::size_t card) const {
  const Snapshot first = trained();
  if (card == 0) return first;
  if (!cluster || card >= cluster->others.size()) return {};
  Snapshot spent = cluster->others[card].spent;
  spent.cycle = first.cycle;
  for (EngineStats& e : spent.engines) {
    const std::uint64_t worked = e.busy_cycles + e.stall_cycles;
    e.idle_cycles = worked < first.cycle ? first.cycle - worked : 0;
  }
  return spent;
}

std::uint64_t RunRecord::samples_of_all() const {
  std::uint64_t all = samples;
  if (!cluster) return all;
  for (const CardCounts& c : cluster->others) all += c.samples;
  return all;
}

void RunRecord::begin_group(std::uint64_t cycle) {
  group_.clear();
  group_start_ = cycle;
}

void RunRecord::end_group(std::uint64_t cycle, std::uint64_t sub_batches, bool whole,
                          double bytes_per_cycle) {
  if (!whole) return;
  steady = whole_groups++ > 0;
  steady_cycles_per_sub_batch =
      static_cast<double>(cycle - group_start_) / static_cast<double>(sub_batches);
  breakdown = break_down(group_, group_start_, cycle, sub_batches, bytes_per_cycle);
}

void RunRecord::add(const LayerRecord& record) {
  jobs.push_back(record);
  if (jobs.size() > kMostJobs) jobs.pop_front();
  group_.push_back(record);
  const JobKind kind = kind_of(record);
  LayerCost& cost = layers[{kind, record.engine, record.opcode, record.job.layer_index}];
  cost.kind = kind;
  cost.engine = record.engine;
  if (kind == JobKind::array || kind == JobKind::norm) cost.pass = pass_of(record.opcode);
  cost.last = record.job;
  ++cost.jobs;
  JobRecord& total = cost.total;
  total.cycles += record.job.cycles;
  total.compute_cycles += record.job.compute_cycles;
  total.memory_cycles += record.job.memory_cycles;
  total.macs += record.job.macs;
  total.executed_macs += record.job.executed_macs;
  total.events += record.job.events;
  total.bytes += record.job.bytes;
  total.fill_cycles += record.job.fill_cycles;
  total.drain_cycles += record.job.drain_cycles;
  total.load_stall_cycles += record.job.load_stall_cycles;
  total.store_stall_cycles += record.job.store_stall_cycles;
  total.wait_cycles += record.job.wait_cycles;
  total.range.underflows += record.job.range.underflows;
  total.range.overflows += record.job.range.overflows;
}

void RunRecord::add_densities(const JobRecord& job) {
  if (job.error != H2_OK) return;
  densities[job.result_layer] += job.densities;
  epoch_densities[job.result_layer] += job.densities;
}

}  // namespace h2
