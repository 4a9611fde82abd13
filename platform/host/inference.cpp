// SPDX-License-Identifier: Apache-2.0
#include "platform/host/inference.h"

#include <algorithm>
#include <utility>

#include "modules/base/ceil_div.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

Inference::Inference(const Config& config, const Dataset& samples,
                     std::vector<std::vector<float>> weights, Platform& platform, RunRecord& record)
    : config_(config),
      samples_(samples),
      weights_(start_of_training(std::move(weights))),
      platform_(platform),
      record_(record),
      card_(config),
      feed_(config) {}

void Inference::operator()(HostCpu& host) {
  const auto classes = static_cast<std::size_t>(config_.network.layers.back().cout);
  record_.inference.emplace();
  record_.inference->confusion.assign(classes, std::vector<std::uint64_t>(classes, 0));
  record_.inference->spikes = record_.inference->confusion;
  card_.open(host);
  write_state(weights_, config_, host, card_);
  record_.weights = read_weights(config_, host, card_);
  samples_.hold(static_cast<std::size_t>(config_.training.sub_batch));
  record_.train_start = take_snapshot(platform_);
  last_end_ = record_.train_start.cycle;
  auto& jobs = platform_.controller.job_ended;
  const int observer = jobs.add([this](const LayerRecord& r) {
    record_.add_densities(r.job);
    if (r.samples == config_.training.sub_batch) record_.add(r);
  });
  const auto step = static_cast<std::size_t>(config_.training.sub_batch);
  record_.epoch_sub_batches = ceil_div(samples_.size(), step);
  for (std::size_t first = 0; first < samples_.size() && !record_.interrupted; first += step) {
    if (stop && stop()) {
      record_.interrupted = true;
    } else {
      classify(first, std::min(step, samples_.size() - first));
    }
  }
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
  record_.test_accuracy = record_.inference->accuracy();
  record_.test_set = record_.inference->predicted.size();
}

void Inference::classify(std::size_t first, std::size_t count) {
  std::vector<const std::uint8_t*> pointers(count);
  for (std::size_t i = 0; i < count; ++i)
    pointers[i] = feed_.take(samples_, {first + i, 0, true}, i);
  h2_sub_batch batch{};
  batch.samples = pointers.data();
  batch.count = static_cast<std::uint32_t>(count);
  std::vector<std::uint32_t> predicted(count);
  std::vector<std::uint32_t> spikes(count * record_.inference->confusion.size());
  record_.begin_group(last_end_);
  const bool fires = !config_.network.layers.back().readout;
  card_.check(
      fires ? h2_infer_spikes(&card_.device, &batch, predicted.data(), spikes.data())
            : h2_infer(&card_.device, &batch, predicted.data()),
      "classifying samples " + std::to_string(first) + " to " + std::to_string(first + count - 1));
  last_end_ = platform_.cycle();
  const bool whole = count == static_cast<std::size_t>(config_.training.sub_batch);
  record_.end_group(last_end_, 1, whole, bytes_per_cycle(config_, platform_));
  this->count(first, count, predicted, spikes);
  if (!on_progress) return;
  Training::Status s;
  s.phase = "test";
  s.test_sub_batches = record_.sub_batches;
  s.test_of = record_.epoch_sub_batches;
  on_progress(s);
}

void Inference::count(std::size_t first, std::size_t count,
                      const std::vector<std::uint32_t>& predicted,
                      const std::vector<std::uint32_t>& spikes) {
  InferenceRecord& r = *record_.inference;
  const std::size_t classes = r.confusion.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::size_t>(samples_.label(first + i));
    r.predicted.push_back(predicted[i]);
    ++r.confusion[label][predicted[i]];
    for (std::size_t k = 0; k < classes; ++k) r.spikes[label][k] += spikes[i * classes + k];
  }
  ++record_.sub_batches;
  record_.samples += count;
}

}  // namespace h2
