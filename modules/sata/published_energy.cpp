// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/published_energy.h"

namespace h2 {
namespace {

/// Words of all three phases by memory.
struct Words {
  double dram = 0, glb = 0, pe = 0;
};

double outputs_of(const Layer& l) { return static_cast<double>(l.cout) * l.out_h * l.out_w; }
double inputs_of(const Layer& l) { return static_cast<double>(l.cin) * l.in_h * l.in_w; }

/// The sums of words.h with `input_words` per input.
Words activation_words(const Layer& l, double steps, double input_words) {
  const double o = outputs_of(l) * steps, i = inputs_of(l) * steps * input_words;
  return {2 * (o + i), 2 * (o + i) + 7 * o + 2 * i + o + i, 2 * i + o + o + i};
}

Words weight_words(const Layer& l, double steps, int samples) {
  const auto w = static_cast<double>(l.weight_count());
  return {3 * w / samples, 2 * w + w + 2 * (1 + steps) * w,
          2 * w + w + 2 * (1 + steps) * w + 2 * steps * w};
}

double price(const Words& words, const SataCosts& costs) {
  return words.dram * costs.dram + words.glb * costs.glb + words.pe * costs.pe;
}

}  // namespace

PublishedEnergy spiking_energy(const std::vector<Layer>& layers, int steps,
                               const SataDensities& densities, const SataCosts& costs,
                               int samples) {
  PublishedEnergy sum;
  for (std::size_t n = 0; n < layers.size(); ++n) {
    const Layer& l = layers[n];
    const double macs = static_cast<double>(l.macs()) * steps, neurons = outputs_of(l) * steps;
    sum.compute += 2 * macs * densities.spikes[n] * costs.spike_mac() +
                   macs * densities.gradients * costs.value_mac() + neurons * costs.lif() +
                   neurons * densities.surrogate * costs.gradient_unit();
    sum.memory += price(activation_words(l, steps, 1.0 / 16), costs) +
                  price(weight_words(l, steps, samples), costs);
  }
  return sum;
}

PublishedEnergy relu_energy(const std::vector<Layer>& layers, const SataCosts& costs, int samples) {
  PublishedEnergy sum;
  for (const Layer& l : layers) {
    const double neurons = outputs_of(l);
    sum.compute += 3 * static_cast<double>(l.macs()) * costs.value_mac() +
                   neurons * (costs.add + costs.compare) + neurons * costs.multiply;
    sum.memory +=
        price(activation_words(l, 1, 1), costs) + price(weight_words(l, 1, samples), costs);
  }
  return sum;
}

}  // namespace h2
