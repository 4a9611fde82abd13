// SPDX-License-Identifier: Apache-2.0
// The training program's tests: between epochs and at the end.

#include <algorithm>
#include <utility>

#include "platform/host/snapshot.h"
#include "platform/host/training.h"
#include "platform/platform.h"

namespace h2 {

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

}  // namespace h2
