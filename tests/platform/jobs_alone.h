// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "platform/host/drawn_masks.h"
#include "tests/platform/card.h"
#include "tests/platform/simulation.h"

namespace h2 {

/// The jobs of one sub-batch up to pass `last` (H2_OP_FORWARD to H2_OP_WEIGHT_GRADIENT) on drawn
/// masks, each pass begun when the one before has ended: no two engines share a memory channel.
inline std::vector<LayerRecord> jobs_alone(const Config& config, std::uint8_t last) {
  Platform::Options options;
  options.masks = drawn_masks(config);
  Bench bench(config, options);
  std::vector<LayerRecord> jobs;
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    bench.platform.controller.job_ended.add([&](const LayerRecord& r) { jobs.push_back(r); });
    const auto samples = static_cast<std::uint32_t>(config.training.sub_batch);
    card.group_without_update(random_training_group(config, {samples}, 1), last);
  });
  return jobs;
}

/// The layer of the paper's scaling figure (V-B1, V-B3), 256 -> 512 channels at 14x14 with 75 %
/// zeros, behind another convolution.
inline Config layer_of_figure_14(const Sets& sets = {}) {
  Sets all{{"network.layers", "256C3-512C3"}, {"network.input.channels", "256"},
           {"network.input.height", "14"},    {"network.input.width", "14"},
           {"network.timesteps", "10"},       {"training.sub_batch", "4"},
           {"profile.mask_density", "0.25"},  {"profile.gradient_density", "0.25"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return tiny_config(all);
}

}  // namespace h2
