// SPDX-License-Identifier: Apache-2.0
// What a checkpoint holds, member by member.

#include <cstring>

#include "platform/checkpoint/checkpoint.h"

namespace h2 {

using Json = nlohmann::json;

// Found by nlohmann::json through the namespace of their types.

void to_json(Json& j, const EventCounts& counts) {
  j = Json::array();
  for (std::size_t i = 0; i < EventCounts::kMost; ++i) j.push_back(counts[i]);
  j.push_back(counts.glb_read());
  j.push_back(counts.glb_written());
}

void from_json(const Json& j, EventCounts& counts) {
  constexpr std::size_t kMost = EventCounts::kMost;
  for (std::size_t i = 0; i < kMost; ++i) counts[i] = j.at(i).get<std::uint64_t>();
  counts.set_glb(j.at(kMost), j.at(kMost + 1));
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LatencyHistogram::Contents, steps, sum, max)

void to_json(Json& j, const LatencyHistogram& histogram) { j = histogram.contents(); }

void from_json(const Json& j, LatencyHistogram& histogram) {
  histogram = LatencyHistogram(j.get<LatencyHistogram::Contents>());
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DramStatistics, reads, writes, row_hits, row_misses,
                                   row_conflicts, activates, unused_activates, precharges,
                                   refreshes, turnarounds, bus_busy_clocks, max_reads_queued,
                                   max_writes_queued)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExternalMemory::Stats, read_bytes, write_bytes, latency,
                                   queueing_ps, busy_ps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExternalMemory::Counts, stats, dram)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Probe::Stats, transactions, errors, read_bytes, write_bytes,
                                   debug_accesses, most_open, latency)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EngineStats, busy_cycles, stall_cycles, idle_cycles)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BoardCounts, cycle, sub_batches, engines, events, memories,
                                   probes, interrupts, register_reads, register_writes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MemoryBytes, read, written, activates, device_reads,
                                   device_writes, read_by_kind, written_by_kind)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Snapshot, cycle, engines, events, memories)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SamplerState, step_ps, looks)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RangeCount, underflows, overflows, overflow_step)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Density, nonzeros, elements)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LayerDensities, spikes, mask, gradient)

void to_json(Json& j, const EpochRecord& epoch) {
  j = {{"loss", epoch.loss},
       {"train_accuracy", epoch.train_accuracy},
       {"densities", epoch.densities}};
  if (epoch.test_accuracy) j["test_accuracy"] = *epoch.test_accuracy;
  if (epoch.validation_accuracy) j["validation_accuracy"] = *epoch.validation_accuracy;
}

void from_json(const Json& j, EpochRecord& epoch) {
  epoch.loss = j.at("loss");
  epoch.train_accuracy = j.at("train_accuracy");
  j.at("densities").get_to(epoch.densities);
  if (j.contains("test_accuracy")) epoch.test_accuracy = j["test_accuracy"].get<double>();
  if (j.contains("validation_accuracy")) {
    epoch.validation_accuracy = j["validation_accuracy"].get<double>();
  }
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobRecord, layer, layer_index, start_cycle, cycles,
                                   compute_cycles, memory_cycles, fill_cycles, drain_cycles,
                                   load_stall_cycles, store_stall_cycles, wait_cycles, macs,
                                   executed_macs, bytes, repeated_bytes, mem2_bytes, events, error,
                                   range, densities, result_layer, element_wise)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LayerRecord, job, engine, opcode, samples, sub_batch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobKey, kind, engine, opcode, layer)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LayerCost, kind, engine, pass, last, total, jobs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Warning, kind, text, where)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CycleSpan, begin, end)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MeetingRecord, arrivals_ps, begin_ps, link_ps, memory_ps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CardCounts, spent, samples)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ClusterRecord, cards, meetings, link_ps, memory_ps, sent_bytes,
                                   memory_bytes, wait_ps, last, others)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LossScaleRecord, factor, skipped_groups, doublings, groups_since)

namespace {

Json binary(const std::vector<float>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(float));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return Json::binary(std::move(bytes));
}

std::vector<float> floats(const Json& j) {
  const std::vector<std::uint8_t>& bytes = j.get_binary();
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

void to_json(Json& j, const LayerState& layer) {
  j = {binary(layer.master), binary(layer.first), binary(layer.second)};
}

void from_json(const Json& j, LayerState& layer) {
  layer = {floats(j.at(0)), floats(j.at(1)), floats(j.at(2))};
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainingState, begun, epoch, next_sample, samples_before,
                                   epoch_correct, epoch_loss, epoch_trained, tested_sub_batches,
                                   step, layers)

void to_json(Json& j, const RunRecord& r) {
  j = {{"loss", r.loss},
       {"epochs", r.epochs},
       {"sub_batches", r.sub_batches},
       {"samples", r.samples},
       {"test_samples", r.test_samples},
       {"steady_cycles_per_sub_batch", r.steady_cycles_per_sub_batch},
       {"train_start", r.train_start},
       {"tests", r.tests},
       {"test_spans", r.test_spans},
       {"layers", r.layers},
       {"breakdown", r.breakdown},
       {"steady", r.steady},
       {"whole_groups", r.whole_groups},
       {"fused", r.fused},
       {"densities", r.densities},
       {"epoch_densities", r.epoch_densities},
       {"jobs", r.jobs},
       {"warnings", r.warnings}};
  if (r.train_accuracy) j["train_accuracy"] = *r.train_accuracy;
  if (r.loss_scale) j["loss_scale"] = *r.loss_scale;
  if (r.cluster) j["cluster"] = *r.cluster;
}

void from_json(const Json& j, RunRecord& r) {
  j.at("loss").get_to(r.loss);
  j.at("epochs").get_to(r.epochs);
  j.at("sub_batches").get_to(r.sub_batches);
  j.at("samples").get_to(r.samples);
  j.at("test_samples").get_to(r.test_samples);
  j.at("steady_cycles_per_sub_batch").get_to(r.steady_cycles_per_sub_batch);
  j.at("train_start").get_to(r.train_start);
  j.at("tests").get_to(r.tests);
  j.at("test_spans").get_to(r.test_spans);
  j.at("layers").get_to(r.layers);
  j.at("breakdown").get_to(r.breakdown);
  j.at("steady").get_to(r.steady);
  j.at("whole_groups").get_to(r.whole_groups);
  j.at("fused").get_to(r.fused);
  j.at("densities").get_to(r.densities);
  j.at("epoch_densities").get_to(r.epoch_densities);
  j.at("jobs").get_to(r.jobs);
  j.at("warnings").get_to(r.warnings);
  if (j.contains("train_accuracy")) r.train_accuracy = j["train_accuracy"].get<double>();
  if (j.contains("cluster")) r.cluster = j["cluster"].get<ClusterRecord>();
  if (j.contains("loss_scale")) r.loss_scale = j["loss_scale"].get<LossScaleRecord>();
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunState, training, record, board, samples)

Json to_document(const RunState& state) { return state; }

RunState from_document(const Json& document) { return document.get<RunState>(); }

std::string to_bytes(const CardCounts& counts) {
  std::string bytes;
  Json::to_cbor(Json(counts), bytes);
  return bytes;
}

CardCounts counts_from(const std::string& bytes) {
  return Json::from_cbor(bytes).get<CardCounts>();
}

}  // namespace h2
