// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinal_inference.h"

#include <algorithm>

#include "modules/base/error.h"
#include "modules/spinalflow/spinal_table.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

SpinalInference::SpinalInference(const Config& config, const SpinalNetwork& network,
                                 const Input& input, Platform& platform, RunRecord& record)
    : config_(config), network_(network), input_(input), platform_(platform), record_(record) {
  outputs.resize(network.layers.size());
}

void SpinalInference::operator()(HostCpu& host) {
  open(host);
  const std::size_t classes = network_.layers.back().cout;
  if (!input_.labels.empty()) {
    record_.inference.emplace();
    record_.inference->confusion.assign(classes, std::vector<std::uint64_t>(classes, 0));
    record_.inference->spikes = record_.inference->confusion;
  }
  record_.train_start = take_snapshot(platform_);
  auto& jobs = platform_.controller.job_ended;
  // The card knows no names and counts from the first layer that it runs.
  const int observer = jobs.add([this](const LayerRecord& r) {
    LayerRecord named = r;
    named.job.layer_index = named.job.result_layer = r.job.layer_index + input_.first;
    named.job.layer = config_.network.layers[named.job.layer_index].name;
    record_.add_densities(named.job);
    record_.add(named);
  });
  run(host);
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
  if (record_.inference) record_.test_accuracy = record_.inference->accuracy();
}

void SpinalInference::open(HostCpu& host) {
  const h2_bus bus = host.driver_bus();
  check(sf_open(&device_, &bus, 0), "opening the card");
  check(sf_load_network(&device_, &network_.table, network_.layers.data(),
                        static_cast<std::uint32_t>(network_.layers.size())),
        "loading the network");
  device_.card.bus = host.loader_bus();
  for (std::size_t l = 0; l < network_.weights.size(); ++l) {
    check(sf_write_weights(&device_, static_cast<std::uint32_t>(l), network_.weights[l].data()),
          "writing the weights of layer " + std::to_string(l + 1));
  }
  device_.card.bus = host.driver_bus();
}

void SpinalInference::run(HostCpu& host) {
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
    run_sub_batch(host, first, count);
    ++record_.sub_batches;
    record_.samples += count;
    record_.end_group(platform_.cycle(), 1, count == step || record_.sub_batches == 1,
                      bytes_per_cycle(config_, platform_));
    if (on_progress) on_progress({"infer", record_.sub_batches, record_.epoch_sub_batches});
  }
}

void SpinalInference::run_sub_batch(HostCpu& host, std::size_t first, std::size_t count) {
  // Lists are made and read by the host; only the card's own traffic takes simulated time.
  device_.card.bus = host.loader_bus();
  for (std::size_t i = 0; i < count; ++i) {
    write_sample(static_cast<std::uint32_t>(i), input_.spikes[first + i]);
  }
  device_.card.bus = host.driver_bus();
  host.work();
  check(sf_infer(&device_, static_cast<std::uint32_t>(count)), "inference");
  device_.card.bus = host.loader_bus();
  for (std::size_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::uint32_t>(i);
    for (std::size_t l = 0; keep_outputs && l < outputs.size(); ++l) {
      outputs[l].push_back(read_sample(static_cast<std::uint32_t>(l), slot));
    }
    if (record_.inference) classify(slot, input_.labels[first + i]);
  }
  device_.card.bus = host.driver_bus();
}

void SpinalInference::write_sample(std::uint32_t slot, const SpineMap& spikes) {
  std::vector<sf_list> lists;
  std::vector<std::uint8_t> entries(spikes.count() * kSpineEntryBytes + 1);
  std::uint32_t first = 0;
  for (const Spine& spine : spikes.spines) {
    lists.push_back({first, static_cast<std::uint32_t>(spine.size())});
    for (const SpineEvent& event : spine) {
      put_spine_entry(event, entries.data() + static_cast<std::size_t>(first) * kSpineEntryBytes);
      ++first;
    }
  }
  check(sf_write_lists(&device_, slot, lists.data(), entries.data()), "writing the input");
}

SpineMap SpinalInference::read_sample(std::uint32_t layer, std::uint32_t slot) {
  SpineMap map(spinal_layer(network_.layers[layer], config_.network.timesteps).output());
  std::vector<std::uint8_t> entries(map.shape.most() * kSpineEntryBytes);
  for (int p = 0; p < map.shape.positions(); ++p) {
    std::uint32_t count = 0;
    check(sf_read_list(&device_, layer, slot, static_cast<std::uint32_t>(p), entries.data(),
                       static_cast<std::uint32_t>(map.shape.most()), &count),
          "reading the spikes of layer " + std::to_string(layer + 1));
    for (std::uint32_t i = 0; i < count; ++i) {
      map.spines[p].push_back(get_spine_entry(entries.data() + i * kSpineEntryBytes));
    }
  }
  return map;
}

void SpinalInference::classify(std::uint32_t slot, std::uint32_t label) {
  const SpineMap map = read_sample(static_cast<std::uint32_t>(network_.layers.size()) - 1, slot);
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

void SpinalInference::check(int error, const std::string& what) const {
  if (error == H2_OK) return;
  std::string text = what + ": " + h2_error_text(error);
  const std::string reason = h2_reason(&device_.card);
  if (!reason.empty()) text += ": " + reason;
  const h2_completion& f = device_.card.failure;
  if (f.status == static_cast<std::uint32_t>(error) && f.layer != 0) {
    text += " in layer " + config_.network.layers[f.layer - 1 + input_.first].name;
  }
  throw RunError(text);
}

}  // namespace h2
