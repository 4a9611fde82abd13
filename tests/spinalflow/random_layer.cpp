// SPDX-License-Identifier: Apache-2.0
#include "tests/spinalflow/random_layer.h"

#include "modules/base/rng.h"

namespace h2 {

SpineMap random_spikes(const SpineShape& shape, double density, std::uint64_t seed) {
  CounterRng rng(seed, RandomStream::spikes, 0);
  SpineMap map(shape);
  for (int position = 0; position < shape.positions(); ++position) {
    for (int t = 0; t < shape.ticks; ++t) {
      for (int c = 0; c < shape.channels; ++c) {
        if (rng.uniform() >= density) continue;
        map.spines[position].push_back({shape.neuron(position, c), static_cast<std::uint8_t>(t)});
      }
    }
  }
  return map;
}

std::vector<std::int8_t> random_weights(const SpinalLayer& layer, std::uint64_t seed) {
  CounterRng rng(seed, RandomStream::weights, 0);
  std::vector<std::int8_t> oihw(static_cast<std::size_t>(layer.cout) * layer.rows());
  for (std::int8_t& w : oihw) w = static_cast<std::int8_t>(static_cast<int>(rng.below(255)) - 127);
  return oihw;
}

SpinalCase random_spinal_case(std::uint64_t seed) {
  CounterRng rng(seed, RandomStream::faults, 0);
  const auto between = [&](int least, int most) {
    return least + static_cast<int>(rng.below(static_cast<std::uint32_t>(most - least + 1)));
  };
  SpinalCase c;
  SpinalLayer& l = c.layer;
  const bool large = seed % 8 == 0, fully_connected = between(0, 5) == 0;
  l.input.ticks = between(1, large ? 3 : 8);
  l.input.height = between(2, large ? 4 : 9);
  l.input.width = between(2, large ? 4 : 9);
  l.input.channels = large ? between(520, 1300) : between(1, 40);
  l.cout = between(0, 1) == 0 ? between(1, 20) : between(1, 300);
  if (fully_connected) {
    l.kernel_h = l.input.height;
    l.kernel_w = l.input.width;
  } else {
    l.kernel_h = l.kernel_w = 1 + 2 * between(large ? 1 : 0, 2);
    l.pad = l.kernel_h / 2;
    l.stride = between(1, 2);
    l.pool = l.conv_h() >= 2 && l.conv_w() >= 2 ? between(1, 2) : 1;
  }
  SpinalNeuron& n = c.neuron;
  n.fire = between(0, 1) == 0 ? SpinalFire::tick : SpinalFire::event;
  const SpinalReset resets[] = {SpinalReset::zero, SpinalReset::subtract, SpinalReset::none};
  n.reset = resets[between(0, 2)];
  n.one_spike = between(0, 3) == 0;
  n.leak = between(0, 1) == 0 ? 256 : between(0, 255);
  n.threshold = between(1, 600);
  c.oihw = random_weights(l, seed);
  c.input = random_spikes(l.input, rng.uniform(0.0, 0.4), seed);
  return c;
}

}  // namespace h2
