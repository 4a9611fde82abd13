// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinal_profile.h"

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
#include "platform/data/weights.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"

namespace h2 {
namespace {

/// The first spike of every neuron.
void keep_first(SpineMap& map) {
  for (Spine& spine : map.spines) {
    std::vector<bool> fired(map.shape.channels, false);
    const auto again = [&](const SpineEvent& event) {
      const std::uint32_t channel = map.shape.channel_of(event.neuron);
      const bool before = fired[channel];
      fired[channel] = true;
      return before;
    };
    spine.erase(std::remove_if(spine.begin(), spine.end(), again), spine.end());
  }
}

std::string left_out(const Layer& layer) {
  return layer.name + (layer.encoding ? " reads pixels" : " reads averages of spikes") +
         " and is left out: SpinalFlow takes spikes only";
}

}  // namespace

SpinalProfile::SpinalProfile(const Config& config, Platform& platform, RunRecord& record)
    : config_(config), platform_(platform), record_(record), card_(config) {
  const std::vector<Layer>& layers = config.network.layers;
  std::vector<std::vector<float>> weights(layers.size());
  for (int l = 0; l < static_cast<int>(layers.size()); ++l) {
    if (layers[l].encoding || layers[l].planes != 1) {
      record.warnings.push_back({"uncharged", left_out(layers[l]), "network.layers"});
      continue;
    }
    weights[l] = initial_weights(layers[l], config.training.init_gain, config.training.seed, l);
    parts_.push_back({l, spinal_network(config, l, l + 1, weights)});
    weights[l].clear();
  }
  if (!parts_.empty()) return;
  throw InputError(
      "network.layers: no layer reads spikes alone; legal for SpinalFlow: spikes (see "
      "network.pool: before_soma)");
}

void SpinalProfile::operator()(HostCpu& host) {
  card_.open(host);
  const std::uint64_t total = std::max<std::uint64_t>(config_.profile.sub_batches, 1);
  record_.epoch_sub_batches =
      ceil_div(config_.profile.samples, static_cast<std::uint64_t>(config_.training.sub_batch));
  record_.train_start = take_snapshot(platform_);
  auto& jobs = platform_.controller.job_ended;
  const int observer = jobs.add([this](const LayerRecord& r) {
    const LayerRecord named = card_.named(r);
    record_.add_densities(named.job);
    record_.add(named);
  });
  while (record_.sub_batches < total && !record_.interrupted) {
    const DrawnMasks drawn(config_, record_.sub_batches);
    record_.begin_group(platform_.cycle());
    for (const Part& part : parts_) {
      record_.interrupted = record_.interrupted || (stop && stop());
      if (!record_.interrupted) run_layer(part, drawn);
    }
    if (record_.interrupted) break;
    ++record_.sub_batches;
    record_.samples += config_.training.sub_batch;
    record_.end_group(platform_.cycle(), 1, true, bytes_per_cycle(config_, platform_));
    if (on_progress) on_progress({"profile", record_.sub_batches, total});
  }
  jobs.remove(observer);
  record_.train_end = take_snapshot(platform_);
}

void SpinalProfile::run_layer(const Part& part, const DrawnMasks& drawn) {
  card_.load(part.network, part.layer);
  const int samples = config_.training.sub_batch;
  for (int s = 0; s < samples; ++s) {
    card_.write_input(static_cast<std::uint32_t>(s), input_of(part, drawn, s));
  }
  card_.infer(static_cast<std::uint32_t>(samples));
}

SpineMap SpinalProfile::input_of(const Part& part, const DrawnMasks& drawn, int sample) const {
  const BitMap& bits = part.layer == 0 ? drawn.input() : drawn.spikes(part.layer - 1);
  SpineMap map = spines_of(bits, config_.network.timesteps, sample);
  if (config_.spinalflow.one_spike) keep_first(map);
  return map;
}

}  // namespace h2
