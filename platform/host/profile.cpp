// SPDX-License-Identifier: Apache-2.0
#include "platform/host/profile.h"

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {

Profile::Profile(const Config& config, Platform& platform, RunRecord& record)
    : config_(config), platform_(platform), record_(record), card_(config) {
  const Layer& first = config.network.layers.front();
  const std::size_t steps = first.encoding ? 1 : config.network.timesteps;
  blank_.resize(steps * first.inputs() * first.in_h * first.in_w);
  samples_.assign(config.training.sub_batch, blank_.data());
  labels_.assign(config.training.sub_batch, 0);
}

void Profile::operator()(HostCpu& host) {
  card_.open(host);
  const std::uint64_t group = config_.training.batch_group;
  const std::uint64_t total =
      config_.profile.sub_batches != 0 ? config_.profile.sub_batches : 2 * group;
  const std::uint64_t sub_batch = config_.training.sub_batch;
  record_.epoch_sub_batches = ceil_div(config_.profile.samples, sub_batch);
  record_.train_start = take_snapshot(platform_);
  auto& jobs = platform_.controller.job_ended;
  const int observer = jobs.add([this](const LayerRecord& r) { record_.add(r); });
  while (record_.sub_batches < total) {
    record_.begin_group(platform_.cycle());
    const auto size = static_cast<std::uint32_t>(std::min(group, total - record_.sub_batches));
    run_group(size);
    if (record_.interrupted) break;
    // A short last group carries its update on fewer sub-batches.
    record_.end_group(platform_.cycle(), size, size == group || record_.sub_batches == size,
                      bytes_per_cycle(config_, platform_));
    if (on_progress) on_progress({"profile", record_.sub_batches, total});
  }
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
}

void Profile::run_group(std::uint32_t sub_batches) {
  h2_group group{};
  group.sub_batches = sub_batches;
  group.samples = sub_batches * config_.training.sub_batch;
  group.overlap = config_.overlap ? 1 : 0;
  group.update = static_cast<std::uint32_t>(effective_update_time(config_.training));
  group.source = &Profile::next_sub_batch;
  group.source_context = this;
  const int error = h2_train_group(&card_.device, &group);
  record_.fused = group.fused != 0;
  if (error == H2_DRV_STOPPED) {
    record_.interrupted = true;
    return;
  }
  card_.check(error, "profiling");
  record_.sub_batches += sub_batches;
  record_.samples += group.samples;
}

int Profile::next_sub_batch(void* self, h2_sub_batch* next) {
  auto& p = *static_cast<Profile*>(self);
  if (p.stop && p.stop()) return H2_DRV_STOPPED;
  next->samples = p.samples_.data();
  next->labels = p.labels_.data();
  next->count = static_cast<std::uint32_t>(p.samples_.size());
  return 0;
}

}  // namespace h2
