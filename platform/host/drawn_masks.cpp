// SPDX-License-Identifier: Apache-2.0
#include "platform/host/drawn_masks.h"

#include "modules/tensor/masks.h"

namespace h2 {
namespace {

double of_layer(const std::vector<double>& densities, std::size_t layer) {
  return densities.size() == 1 ? densities.front() : densities[layer];
}

}  // namespace

DrawnMasks::DrawnMasks(const Config& config, std::uint64_t sub_batch) {
  const ProfileConfig& p = config.profile;
  const std::size_t layers = config.network.layers.size();
  for (std::size_t i = 0; i < layers; ++i) {
    const Layer& l = config.network.layers[i];
    MaskDraw draw;
    draw.batch = config.training.sub_batch;
    draw.steps = config.network.timesteps;
    draw.height = l.soma_h;
    draw.width = l.soma_w;
    draw.channels = l.cout;
    draw.by_sample = p.clustered_by_sample;
    draw.sample_fraction = p.clustered_by_sample ? p.sample_fraction : 1.0;
    draw.seed = config.training.seed;
    draw.sample_stream = sub_batch;
    draw.density = of_layer(p.mask_density, i);
    draw.stream = (sub_batch * layers + i) * 2;
    open_.push_back(draw_mask(draw));
    // Behind batch norm hardly a gradient is 0: it takes the mean of the channel from each.
    draw.density = l.normalised() ? 1.0 : of_layer(p.gradient_density, i);
    draw.stream += 1;
    nonzero_.push_back(draw_mask(draw));
    draw.random = RandomStream::spikes;
    draw.density = of_layer(p.spike_density, i);
    spikes_.push_back(draw_mask(draw));
    if (i > 0) continue;
    draw.steps = l.encoding ? 1 : draw.steps;
    draw.height = l.in_h;
    draw.width = l.in_w;
    draw.channels = l.inputs_star();
    draw.stream -= 1;
    input_ = draw_mask(draw);
  }
}

MaskFactory drawn_masks(const Config& config) {
  return [&config](std::uint64_t sub_batch) {
    return std::make_shared<const DrawnMasks>(config, sub_batch);
  };
}

}  // namespace h2
