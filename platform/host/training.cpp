// SPDX-License-Identifier: Apache-2.0
#include "platform/host/training.h"

#include <algorithm>
#include <utility>

#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
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
