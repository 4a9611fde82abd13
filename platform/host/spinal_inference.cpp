// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinal_inference.h"

#include <algorithm>

#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

SpinalInference::SpinalInference(const Config& config, const SpinalNetwork& network,
                                 const Input& input, Platform& platform, RunRecord& record)
    : config_(config),
      network_(network),
      input_(input),
      platform_(platform),
      record_(record),
      card_(config) {
  outputs.resize(network.layers.size());
}

void SpinalInference::operator()(HostCpu& host) {
  card_.open(host);
  card_.load(network_, input_.first);
  const std::size_t classes = network_.layers.back().cout;
  if (!input_.labels.empty()) {
    record_.inference.emplace();
    record_.inference->confusion.assign(classes, std::vector<std::uint64_t>(classes, 0));
    record_.inference->spikes = record_.inference->confusion;
  }
  record_.train_start = take_snapshot(platform_);
  auto& jobs = platform_.controller.job_ended;
  const int observer = jobs.add([this](const LayerRecord& r) {
    const LayerRecord named = card_.named(r);
    record_.add_densities(named.job);
    record_.add(named);
  });
  run();
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
  if (!record_.inference) return;
  record_.test_accuracy = record_.inference->accuracy();
  record_.test_set = record_.inference->predicted.size();
}

void SpinalInference::run() {
  const std::size_t samples = input_.spikes.size();
  const auto step = static_cast<std::size_t>(config_.training.sub_batch);
  record_.epoch_sub_batches = (samples + step - 1) / step;
  for (std::size_t first = 0; first < samples; first += step) {
    if (stop && stop()) {
      record_.interrupted = true;
      return;
    }
    const std::size_t count = std::min(step, samples - first);
    record_.begin_group(platform_.cycle());
    run_sub_batch(first, count);
    ++record_.sub_batches;
    record_.samples += count;
    record_.end_group(platform_.cycle(), 1, count == step || record_.sub_batches == 1,
                      bytes_per_cycle(config_, platform_));
    if (on_progress) on_progress({"infer", record_.sub_batches, record_.epoch_sub_batches});
  }
}

void SpinalInference::run_sub_batch(std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    card_.write_input(static_cast<std::uint32_t>(i), input_.spikes[first + i]);
  }
  card_.infer(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::uint32_t>(i);
    for (std::size_t l = 0; keep_outputs && l < outputs.size(); ++l) {
      outputs[l].push_back(card_.read_output(static_cast<std::uint32_t>(l), slot));
    }
    if (record_.inference) classify(slot, input_.labels[first + i]);
  }
}

void SpinalInference::classify(std::uint32_t slot, std::uint32_t label) {
  const auto last = static_cast<std::uint32_t>(network_.layers.size()) - 1;
  const SpineMap map = card_.read_output(last, slot);
  std::vector<std::uint64_t> counts(map.shape.channels, 0);
  for (const Spine& spine : map.spines) {
    for (const SpineEvent& event : spine) ++counts[map.shape.channel_of(event.neuron)];
  }
  const auto predicted = std::max_element(counts.begin(), counts.end()) - counts.begin();
  InferenceRecord& r = *record_.inference;
  r.predicted.push_back(static_cast<std::uint32_t>(predicted));
  ++r.confusion[label][predicted];
  for (std::size_t k = 0; k < counts.size(); ++k) r.spikes[label][k] += counts[k];
}

}  // namespace h2
