// SPDX-License-Identifier: Apache-2.0
#include "platform/host/training.h"

#include <algorithm>
#include <utility>

#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
#include "modules/base/rng.h"
#include "modules/cluster/shards.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

std::uint64_t epoch_sub_batches(const TrainingConfig& training, std::uint64_t samples) {
  const auto size = static_cast<std::uint64_t>(training.sub_batch);
  return training.drop_last ? samples / size : ceil_div(samples, size);
}

void require_parts(const TrainingConfig& training, std::uint64_t samples) {
  const auto parts = static_cast<std::uint64_t>(training.replicas);
  const std::uint64_t last =
      epoch_sub_batches(training, samples) % static_cast<std::uint64_t>(training.batch_group);
  if (last == 0 || last >= parts) return;
  throw InputError("training.replicas: " + std::to_string(parts) +
                   " parts, but the last batch group of an epoch over " + std::to_string(samples) +
                   " samples has " + std::to_string(last) + " sub-batches; legal: 1 to " +
                   std::to_string(last) +
                   ", or another training.batch_group or dataset.train_limit");
}

namespace {

std::vector<std::uint32_t> own_samples(const Config& config, const Dataset& set, const Seat& seat) {
  if (seat.averages == nullptr) return {};
  return shard_of(set.labels, config.federated.shards, seat.cards, seat.card, config.training.seed);
}

}  // namespace

Training::Training(const Config& config, const LoadedData& data, TrainingState start,
                   Platform& platform, RunRecord& record, const Seat& seat)
    : config_(config),
      data_(data),
      state_(std::move(start)),
      platform_(platform),
      record_(record),
      seat_(seat),
      shard_(own_samples(config, data.train, seat)),
      train_size_(seat.averages == nullptr ? data.train.size() : shard_.size()),
      card_(config, static_cast<std::uint32_t>(seat.node)),
      scaling_(config.training, record),
      rates_(config.training, train_size_),
      feed_(config),
      parts_(config, seat_, card_, platform.memories.back()->peak_gbps()),
      round_(config, seat_, card_, platform.memories.back()->peak_gbps(), train_size_) {
  parts_.select = [this](std::uint64_t first, std::uint64_t count) {
    group_indices_ = group_begin_ + first;
    group_left_ = count;
  };
  parts_.on_meeting = round_.on_meeting = [this](const Agreement& all, const CollectiveCost& cost) {
    count_meeting(record_, all, cost, platform_.first_cycle() * platform_.period().value());
    if (seat_.node == 0) show_meeting(platform_.host, all, cost);
  };
  parts_.make_room = [this] { return seat_.averages == nullptr && has_to_make_room(); };
  round_.make_room = [this] { return has_to_make_room(); };
  parts_.skips = [this](int error, bool summed) { return scaling_.may_skip(error, card_, summed); };
}

CommandProcessor& Training::commands() const {
  return platform_.nodes[static_cast<std::size_t>(seat_.node)]->accelerator->commands();
}

void Training::operator()(HostCpu& host) {
  try {
    run(host);
  } catch (const std::exception& e) {
    if (seat_.all() != nullptr) seat_.all()->leave(seat_.card, e.what());
    throw;
  }
}

void Training::run(HostCpu& host) {
  card_.open(host);
  if (seat_.sums != nullptr) parts_.require_room();
  scaling_.begin(card_);
  write_state(state_, config_, host, card_);
  try {
    train(host);
  } catch (const RunError&) {
    // A training that diverged still leaves the weights it came to.
    record_.train_end = take_snapshot(platform_);
    keep_weights(host);
    throw;
  }
  if (paused_) hand_over(host);
  if (!paused_ && !record_.interrupted) test_at_end(host);
  if (!paused_) conclude(host);
  if (paused_) leave_state(host);
  if (!paused_ || preempted_) leave_weights(host);
}

void Training::test_at_end(HostCpu& host) {
  const std::uint64_t samples = record_.test_samples, sub_batches = state_.tested_sub_batches;
  record_.validation_accuracy = test(data_.validation);
  if (!record_.interrupted && !preempted_) record_.test_accuracy = test(data_.test);
  record_.test_spans.push_back({record_.train_end.cycle, platform_.cycle()});
  record_.tests_at_end = take_snapshot(platform_) - record_.train_end;
  if (preempted_) {
    record_.tests = record_.tests + std::exchange(record_.tests_at_end, {});
    record_.validation_accuracy.reset();
    forget_test(samples, sub_batches);
    tell(host, CardState::preempted);
    return hand_over(host);
  }
  if (record_.epochs.empty()) return;
  record_.epochs.back().test_accuracy = record_.test_accuracy;
  record_.epochs.back().validation_accuracy = record_.validation_accuracy;
}

void Training::train(HostCpu& host) {
  const TrainingConfig& t = config_.training;
  record_.epoch_sub_batches = epoch_sub_batches(t, train_size_);
  total_sub_batches_ = record_.epoch_sub_batches * t.epochs;
  record_.test_set = data_.test.size();
  record_.validation_set = data_.validation.size();
  const auto step = static_cast<std::size_t>(t.sub_batch);
  const std::size_t between =
      record_.validation_set > 0 ? record_.validation_set : record_.test_set;
  total_test_sub_batches_ =
      ceil_div(data_.test.size(), step) + ceil_div(data_.validation.size(), step) +
      (t.test_every_epoch ? ceil_div(between, step) * static_cast<std::size_t>(t.epochs - 1) : 0);
  for (const Dataset* set : {&data_.train, &data_.test, &data_.validation}) {
    set->hold(2 * static_cast<std::size_t>(t.sub_batch * seat_.cards));
  }
  if (!state_.begun) record_.train_start = take_snapshot(platform_);
  state_.begun = true;
  last_group_end_ = platform_.cycle();
  board_start_ = {take_snapshot(platform_, seat_.node), record_.samples};
  round_.begin();
  auto& jobs = commands().job_ended;
  const int observer = jobs.add([this](LayerRecord r) {
    if (testing_) return;
    record_.add_densities(r.job);
    r.job.start_cycle += platform_.first_cycle();
    const bool full = r.samples == config_.training.sub_batch;
    if (full || r.opcode == H2_OP_UPDATE) record_.add(r);
  });
  const auto epochs = static_cast<std::uint64_t>(t.epochs);
  for (; state_.epoch < epochs && !record_.interrupted; ++state_.epoch) {
    if (!state_.epoch_trained) {
      EpochRecord trained = train_epoch(host);
      if (!paused_ && record_.samples > state_.samples_before) {
        record_.train_accuracy = trained.train_accuracy;
      }
      if (paused_ || record_.interrupted || !end_epoch(host, std::move(trained))) break;
    }
    if (t.test_every_epoch && state_.epoch + 1 < epochs && !test_between(host)) break;
    state_.epoch_trained = false;
  }
  jobs.remove(observer);
  if (record_.interrupted && !told_) tell(host, CardState::stopped);
  if (!paused_) record_.train_end = take_snapshot(platform_);
}

/// Behind its last batch group. False if the training goes no further on this board.
bool Training::end_epoch(HostCpu& host, EpochRecord trained) {
  trained.densities = std::exchange(record_.epoch_densities, {});
  record_.epochs.push_back(std::move(trained));
  state_.samples_before = record_.samples;
  state_.next_sample = 0;
  state_.epoch_correct = state_.epoch_loss = 0;
  state_.epoch_trained = true;
  return meet_to_average(host) && !paused_;
}

/// At the end of a federated round. False if a card was stopped.
bool Training::meet_to_average(HostCpu& host) {
  if (seat_.averages == nullptr || !may_pause()) return true;
  const CardState cards = round_.average(host);
  last_group_end_ = platform_.cycle();
  if (cards == CardState::stopped) told_ = record_.interrupted = true;
  if (cards == CardState::preempted) pause_here(true);
  if (cards != CardState::done) return false;
  state_.step = card_.device.step;
  ++rounds_;
  const std::uint64_t every = config_.training.checkpoint.every;
  const bool due = every != 0 && rounds_ % every == 0 &&
                   state_.epoch + 1 < static_cast<std::uint64_t>(config_.training.epochs);
  if (round_.makes_room() || due) pause_here(round_.makes_room());
  return true;
}

/// False if the training goes no further on this board.
bool Training::test_between(HostCpu& host) {
  const Snapshot before = take_snapshot(platform_);
  const std::uint64_t samples = record_.test_samples, sub_batches = state_.tested_sub_batches;
  testing_ = true;
  if (data_.validation.size() > 0) {
    record_.epochs.back().validation_accuracy = test(data_.validation);
  } else {
    record_.epochs.back().test_accuracy = test(data_.test);
  }
  testing_ = false;
  record_.tests = record_.tests + (take_snapshot(platform_) - before);
  last_group_end_ = platform_.cycle();
  record_.test_spans.push_back({before.cycle, last_group_end_});
  if (preempted_) {
    forget_test(samples, sub_batches);
    tell(host, CardState::preempted);
  }
  return !paused_;
}

/// The test was broken off: what it took stays in the counters of time and traffic alone.
void Training::forget_test(std::uint64_t samples, std::uint64_t sub_batches) {
  record_.test_samples = samples;
  state_.tested_sub_batches = sub_batches;
  pause_here(true);
}

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

std::optional<double> Training::test(const Dataset& set) {
  if (seat_.card != 0) return {};
  const std::size_t size = set.size();
  const auto step = static_cast<std::size_t>(config_.training.sub_batch);
  std::uint64_t correct = 0;
  std::vector<std::uint32_t> indices(step), predicted(step);
  for (std::size_t first = 0; first < size; first += step) {
    if (stop && stop()) {
      record_.interrupted = true;
      return {};
    }
    if (may_pause() && has_to_make_room()) {
      preempted_ = true;
      return {};
    }
    const std::size_t count = std::min(step, size - first);
    for (std::size_t i = 0; i < count; ++i) indices[i] = static_cast<std::uint32_t>(first + i);
    h2_sub_batch batch{};
    fill(set, indices.data(), count, batch);
    card_.check(h2_infer(&card_.device, &batch, predicted.data()), "testing");
    for (std::size_t i = 0; i < count; ++i) correct += predicted[i] == batch.labels[i];
    record_.test_samples += count;
    ++state_.tested_sub_batches;
    if (on_progress) on_progress(status("test"));
  }
  if (size == 0) return {};
  return static_cast<double>(correct) / static_cast<double>(size);
}

void Training::leave_weights(HostCpu& host) {
  record_.weights = read_weights(config_, host, card_);
  if (config_.training.save_masters) record_.masters = read_masters(config_, host, card_);
}

void Training::keep_weights(HostCpu& host) {
  try {
    leave_weights(host);
  } catch (const RunError&) {
    record_.weights.clear();  // the error that ended the training is the one to tell
    record_.masters.clear();
  }
}

}  // namespace h2
