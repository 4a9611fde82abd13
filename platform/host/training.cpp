// SPDX-License-Identifier: Apache-2.0
#include "platform/host/training.h"

#include <algorithm>
#include <utility>

#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
#include "modules/base/rng.h"
#include "platform/host/network_image.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

std::uint64_t epoch_sub_batches(const TrainingConfig& training, std::uint64_t samples) {
  const auto size = static_cast<std::uint64_t>(training.sub_batch);
  return training.drop_last ? samples / size : ceil_div(samples, size);
}

Training::Training(const Config& config, const LoadedData& data,
                   std::vector<std::vector<float>> weights, Platform& platform, RunRecord& record)
    : config_(config),
      data_(data),
      initial_(std::move(weights)),
      platform_(platform),
      record_(record),
      card_(config) {}

void Training::operator()(HostCpu& host) {
  card_.open(host);
  write_weights(host);
  try {
    train();
  } catch (const RunError&) {
    // A training that diverged still leaves the weights it came to.
    keep_weights(host);
    throw;
  }
  if (!record_.interrupted) {
    record_.test_accuracy = test();
    record_.test_spans.push_back({record_.train_end.cycle, platform_.cycle()});
    record_.tests_at_end = take_snapshot(platform_) - record_.train_end;
    if (!record_.epochs.empty()) record_.epochs.back().test_accuracy = record_.test_accuracy;
  }
  read_weights(host);
}

void Training::write_weights(HostCpu& host) {
  card_.device.bus = host.loader_bus();
  for (std::size_t l = 0; l < initial_.size(); ++l) {
    card_.check(h2_write_weights(&card_.device, static_cast<std::uint32_t>(l), initial_[l].data()),
                "writing the weights of " + config_.network.layers[l].name);
  }
  card_.device.bus = host.driver_bus();
}

void Training::train() {
  const TrainingConfig& t = config_.training;
  record_.epoch_sub_batches = epoch_sub_batches(t, data_.train.size());
  total_sub_batches_ = record_.epoch_sub_batches * t.epochs;
  total_test_sub_batches_ = ceil_div(data_.test.size(), static_cast<std::size_t>(t.sub_batch)) *
                            static_cast<std::size_t>(t.test_every_epoch ? t.epochs : 1);
  record_.train_start = take_snapshot(platform_);
  last_group_end_ = record_.train_start.cycle;
  auto& jobs = platform_.controller.job_ended;
  const int observer = jobs.add([this](const LayerRecord& r) {
    if (testing_) return;
    record_.add_densities(r.job);
    const bool full = r.samples == config_.training.sub_batch;
    if (full || r.opcode == H2_OP_UPDATE) record_.add(r);
  });
  for (int epoch = 0; epoch < t.epochs && !record_.interrupted; ++epoch) {
    const std::uint64_t before = record_.samples;
    const EpochRecord trained = train_epoch(epoch);
    if (record_.samples > before) record_.train_accuracy = trained.train_accuracy;
    if (record_.interrupted) break;
    record_.epochs.push_back(trained);
    if (t.test_every_epoch && epoch + 1 < t.epochs) test_between();
  }
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
}

void Training::test_between() {
  const Snapshot before = take_snapshot(platform_);
  testing_ = true;
  record_.epochs.back().test_accuracy = test();
  testing_ = false;
  record_.tests = record_.tests + (take_snapshot(platform_) - before);
  last_group_end_ = platform_.cycle();
  record_.test_spans.push_back({before.cycle, last_group_end_});
}

EpochRecord Training::train_epoch(int epoch) {
  const TrainingConfig& t = config_.training;
  const std::size_t samples = std::min<std::size_t>(
      data_.train.size(), record_.epoch_sub_batches * static_cast<std::size_t>(t.sub_batch));
  std::vector<std::uint32_t> order(data_.train.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  if (t.shuffle) order = permutation(order.size(), t.seed, epoch);
  epoch_ = static_cast<std::uint64_t>(epoch) + 1;
  double correct = 0, loss = 0;
  const std::uint64_t before = record_.samples;
  const std::size_t step = static_cast<std::size_t>(t.sub_batch) * t.batch_group;
  for (std::size_t first = 0; first < samples && !record_.interrupted; first += step) {
    train_group(order, first, std::min(step, samples - first));
    if (record_.interrupted) break;  // the group has no update and counts as not trained
    correct += group_.correct;
    loss += group_.loss_sum;
    report("train", correct, loss, record_.samples - before);
  }
  const double all = std::max<double>(1, static_cast<double>(record_.samples - before));
  return {loss / all, correct / all, {}};
}

void Training::train_group(const std::vector<std::uint32_t>& order, std::size_t first,
                           std::size_t count) {
  group_ = h2_group{};
  group_.sub_batches = static_cast<std::uint32_t>(ceil_div(count, config_.training.sub_batch));
  group_.samples = static_cast<std::uint32_t>(count);
  group_.loss = config_.training.loss == LossKind::mse ? H2_LOSS_MSE : H2_LOSS_CROSS_ENTROPY;
  group_.overlap = config_.overlap ? 1 : 0;
  group_.update = static_cast<std::uint32_t>(config_.training.update_time);
  group_.source = &Training::next_sub_batch;
  group_.source_context = this;
  group_indices_ = order.data() + first;
  group_left_ = count;
  record_.begin_group(last_group_end_);
  const int error = h2_train_group(&card_.device, &group_);
  record_.fused = group_.fused != 0;
  if (error == H2_DRV_STOPPED) {
    record_.interrupted = true;
    return;
  }
  card_.check(error, "training step " + std::to_string(card_.device.step + 1) + " (sub-batches " +
                         std::to_string(record_.sub_batches + 1) + " to " +
                         std::to_string(record_.sub_batches + group_.sub_batches) + ")");
  record_.sub_batches += group_.sub_batches;
  record_.samples += count;
  record_.loss.push_back(group_.loss_sum / static_cast<double>(count));
  const std::uint64_t now = platform_.cycle();
  // The first group fills the pipeline; a short last group is not typical either.
  const bool whole = record_.loss.size() <= 2 ||
                     group_.sub_batches == static_cast<std::uint32_t>(config_.training.batch_group);
  record_.end_group(now, group_.sub_batches, whole, bytes_per_cycle(config_, platform_));
  last_group_end_ = now;
}

void Training::report(const char* phase, double correct, double loss, std::uint64_t samples) {
  if (!on_progress) return;
  const double all = std::max<double>(1, static_cast<double>(samples));
  Status s;
  s.phase = phase;
  s.sub_batches = record_.sub_batches;
  s.of = total_sub_batches_;
  s.test_sub_batches = tested_sub_batches_;
  s.test_of = total_test_sub_batches_;
  s.epoch = epoch_;
  s.epochs = static_cast<std::uint64_t>(config_.training.epochs);
  s.loss = loss / all;
  s.accuracy = correct / all;
  on_progress(s);
}

int Training::next_sub_batch(void* self, h2_sub_batch* next) {
  auto& t = *static_cast<Training*>(self);
  if (t.stop && t.stop()) return H2_DRV_STOPPED;
  const std::size_t count =
      std::min<std::size_t>(t.group_left_, static_cast<std::size_t>(t.config_.training.sub_batch));
  if (count == 0) return 1;
  t.fill(t.data_.train, t.group_indices_, count, *next);
  if (t.on_labels) t.on_labels(next->labels, count);
  t.group_indices_ += count;
  t.group_left_ -= count;
  return 0;
}

void Training::fill(const Dataset& set, const std::uint32_t* indices, std::size_t count,
                    h2_sub_batch& batch) {
  // Two sub-batches are alive at once: each uses its own half of the arrays.
  const std::size_t half = static_cast<std::size_t>(card_.device.parity & 1U) *
                           static_cast<std::size_t>(config_.training.sub_batch);
  pointers_.resize(2 * static_cast<std::size_t>(config_.training.sub_batch));
  labels_.resize(pointers_.size());
  for (std::size_t i = 0; i < count; ++i) {
    pointers_[half + i] = set.sample(indices[i]);
    labels_[half + i] = static_cast<std::uint32_t>(set.label(indices[i]));
  }
  batch.samples = &pointers_[half];
  batch.labels = &labels_[half];
  batch.count = static_cast<std::uint32_t>(count);
}

std::optional<double> Training::test() {
  const std::size_t size = data_.test.size();
  const auto step = static_cast<std::size_t>(config_.training.sub_batch);
  std::uint64_t correct = 0;
  std::vector<std::uint32_t> indices(step), predicted(step);
  for (std::size_t first = 0; first < size; first += step) {
    if (stop && stop()) {
      record_.interrupted = true;
      return {};
    }
    const std::size_t count = std::min(step, size - first);
    for (std::size_t i = 0; i < count; ++i) indices[i] = static_cast<std::uint32_t>(first + i);
    h2_sub_batch batch{};
    fill(data_.test, indices.data(), count, batch);
    card_.check(h2_infer(&card_.device, &batch, predicted.data()), "testing");
    for (std::size_t i = 0; i < count; ++i) correct += predicted[i] == batch.labels[i];
    record_.test_samples += count;
    ++tested_sub_batches_;
    report("test");
  }
  if (size == 0) return {};
  return static_cast<double>(correct) / static_cast<double>(size);
}

void Training::keep_weights(HostCpu& host) {
  try {
    read_weights(host);
  } catch (const RunError&) {
    record_.weights.clear();  // the error that ended the training is the one to tell
  }
}

void Training::read_weights(HostCpu& host) {
  card_.device.bus = host.loader_bus();
  for (std::size_t l = 0; l < config_.network.layers.size(); ++l) {
    const Layer& layer = config_.network.layers[l];
    std::vector<std::uint8_t> bytes(layer.weight_count() * card_.device.value_bytes);
    card_.check(h2_read_weights(&card_.device, static_cast<std::uint32_t>(l), bytes.data()),
                "reading the weights of " + layer.name);
    record_.weights.push_back(std::move(bytes));
  }
}

}  // namespace h2
