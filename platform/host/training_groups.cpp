// SPDX-License-Identifier: Apache-2.0
// The batch groups of an epoch of the training program.

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/base/rng.h"
#include "platform/host/snapshot.h"
#include "platform/host/training.h"
#include "platform/platform.h"

namespace h2 {

std::vector<std::uint32_t> Training::sample_order() const {
  const TrainingConfig& t = config_.training;
  std::vector<std::uint32_t> order(train_size_);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  if (t.shuffle) order = permutation(order.size(), t.seed, state_.epoch);
  if (seat_.averages != nullptr) {
    for (std::uint32_t& sample : order) sample = shard_[sample];
  }
  return order;
}

EpochRecord Training::train_epoch(HostCpu& host) {
  const TrainingConfig& t = config_.training;
  const std::size_t samples = std::min<std::size_t>(
      train_size_, record_.epoch_sub_batches * static_cast<std::size_t>(t.sub_batch));
  const std::vector<std::uint32_t> order = sample_order();
  const std::size_t step = static_cast<std::size_t>(t.sub_batch) * t.batch_group;
  const bool rounds = seat_.averages != nullptr;
  while (state_.next_sample < samples && !record_.interrupted) {
    if (!rounds && groups_ != 0 && t.checkpoint.every != 0 && groups_ % t.checkpoint.every == 0) {
      pause_here(false);
      return {};
    }
    const std::size_t count = std::min<std::size_t>(step, samples - state_.next_sample);
    const bool trained = train_group(host, order, state_.next_sample, count);
    if (record_.interrupted || paused_) break;  // it has no update and counts as not trained
    state_.next_sample += count;
    ++groups_;
    if (trained) {
      state_.step = card_.device.step;
      state_.epoch_correct += group_.correct;
      state_.epoch_loss += group_.loss_sum;
      report_training();
    }
    if (!rounds && (seat_.sums != nullptr ? parts_.makes_room() : has_to_make_room())) {
      pause_here(true);
      return {};
    }
  }
  const double all =
      std::max<double>(1, static_cast<double>(record_.samples - state_.samples_before));
  return {state_.epoch_loss / all, state_.epoch_correct / all, {}, {}, {}};
}

/// All sub-batches of the group on this card; or in parts, shared with other cards.
int Training::run_group(HostCpu& host) {
  return seat_.sums == nullptr ? h2_train_group(&card_.device, &group_)
                               : parts_.train(host, group_);
}

bool Training::train_group(HostCpu& host, const std::vector<std::uint32_t>& order,
                           std::size_t first, std::size_t count) {
  group_ = h2_group{};
  group_.sub_batches = static_cast<std::uint32_t>(ceil_div(count, config_.training.sub_batch));
  group_.samples = static_cast<std::uint32_t>(count);
  group_.loss = config_.training.loss == LossKind::mse ? H2_LOSS_MSE : H2_LOSS_CROSS_ENTROPY;
  group_.overlap = config_.overlap ? 1 : 0;
  group_.update = static_cast<std::uint32_t>(effective_update_time(config_.training));
  group_.source = &Training::next_sub_batch;
  group_.source_context = this;
  group_indices_ = group_begin_ = order.data() + first;
  group_left_ = count;
  card_.check(rates_.set(card_.device), "setting the learning rate");
  record_.begin_group(last_group_end_);
  const int error = run_group(host);
  record_.fused = group_.fused != 0;
  if (error == H2_DRV_STOPPED && parts_.broken_off()) {
    pause_here(true);
    return false;
  }
  if (error == H2_DRV_STOPPED) {
    record_.interrupted = true;
    told_ = seat_.averages == nullptr;
    return false;
  }
  if (seat_.sums == nullptr ? scaling_.may_skip(error, card_) : parts_.skipped()) {
    scaling_.skip(card_);
    last_group_end_ = platform_.cycle();
    return false;
  }
  card_.check(error, "training step " + std::to_string(card_.device.step + 1) + " (sub-batches " +
                         std::to_string(record_.sub_batches + 1) + " to " +
                         std::to_string(record_.sub_batches + group_.sub_batches) + ")");
  count_group(count);
  scaling_.succeeded(card_);
  return true;
}

void Training::count_group(std::size_t samples) {
  record_.sub_batches += group_.sub_batches;
  record_.samples += samples;
  record_.loss.push_back(group_.loss_sum / static_cast<double>(samples));
  const std::uint64_t now = platform_.cycle();
  // The first group fills the pipeline; a short last group is not typical either.
  const bool whole = record_.loss.size() <= 2 ||
                     group_.sub_batches == static_cast<std::uint32_t>(config_.training.batch_group);
  record_.end_group(now, group_.sub_batches, whole, bytes_per_cycle(config_, platform_));
  last_group_end_ = now;
}

Training::Status Training::status(const char* phase) const {
  Status s;
  s.phase = phase;
  s.sub_batches = record_.sub_batches;
  s.of = total_sub_batches_;
  s.test_sub_batches = state_.tested_sub_batches;
  s.test_of = total_test_sub_batches_;
  s.epochs = static_cast<std::uint64_t>(config_.training.epochs);
  s.epoch = std::min(state_.epoch + 1, s.epochs);
  return s;
}

void Training::report_training() const {
  if (!on_progress) return;
  const double all =
      std::max<double>(1, static_cast<double>(record_.samples - state_.samples_before));
  Status s = status("train");
  s.loss = state_.epoch_loss / all;
  s.accuracy = state_.epoch_correct / all;
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
    const RateCoder::Draw draw{indices[i], static_cast<std::uint32_t>(state_.epoch),
                               &set != &data_.train};
    pointers_[half + i] = feed_.take(set, draw, half + i);
    labels_[half + i] = static_cast<std::uint32_t>(set.label(indices[i]));
  }
  batch.samples = &pointers_[half];
  batch.labels = &labels_[half];
  batch.count = static_cast<std::uint32_t>(count);
}

}  // namespace h2
