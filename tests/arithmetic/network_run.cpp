// SPDX-License-Identifier: Apache-2.0
#include "tests/arithmetic/network_run.h"

#include <cmath>
#include <utility>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "tests/arithmetic/flatten.h"

namespace h2 {
namespace {

Region all_of(int height, int width) { return {0, height, 0, width}; }

}  // namespace

NetworkRun::Kept NetworkRun::forward(const Layer& layer, int batch, BitMap input,
                                     const std::vector<float>& weights) const {
  Kept kept;
  kept.input = layer.kind == LayerKind::fc && input.height * input.width > 1
                   ? flattened(input, layer.planes)
                   : std::move(input);
  ForwardArray kernel(layer, {}, numerics_);
  kernel.load(weights.data(), 0, layer.cout);
  ValueMap sums(kept.input.maps, layer.out_h, layer.out_w, layer.cout);
  kernel.run(kept.input, all_of(layer.out_h, layer.out_w), sums);
  const Region region = all_of(layer.soma_h, layer.soma_w);
  if (layer.pool == PoolMode::before_soma) {
    ValueMap pooled(sums.maps, layer.soma_h, layer.soma_w, layer.cout);
    pool_potentials(numerics_, sums, region, 0, layer.cout, pooled);
    sums = pooled;
  }
  const int maps = batch * network_.timesteps;
  kept.u = ValueMap(maps, layer.soma_h, layer.soma_w, layer.cout);
  kept.spikes = BitMap(maps, layer.soma_h, layer.soma_w, layer.cout);
  kept.mask = kept.spikes;
  soma(neuron_, numerics_, batch, network_.timesteps, sums, region, 0, layer.cout, kept.u,
       kept.spikes, kept.mask);
  return kept;
}

BitMap NetworkRun::handed_on(const Layer& layer, const Kept& kept) const {
  if (layer.pool != PoolMode::after_soma) return kept.spikes;
  BitMap planes(kept.spikes.maps, layer.next_h, layer.next_w, 3 * layer.cout);
  pool_spikes(kept.spikes, all_of(layer.next_h, layer.next_w), 0, kept.spikes.channels, planes);
  return planes;
}

ValueMap NetworkRun::loss_gradient(int batch, const BitMap& spikes, const std::vector<int>& labels,
                                   StepResult& result) const {
  const int steps = network_.timesteps, classes = spikes.channels;
  ValueMap grad_s(batch * steps, 1, 1, classes);
  for (int b = 0; b < batch; ++b) {
    std::vector<double> count(classes, 0.0);
    for (int t = 0; t < steps; ++t) {
      for (int k = 0; k < classes; ++k) count[k] += spikes.get(b * steps + t, 0, 0, k) ? 1 : 0;
    }
    double normaliser = 0.0;
    for (const double c : count) normaliser += std::exp(c);
    for (int k = 0; k < classes; ++k) {
      result.counts.push_back(static_cast<int>(count[k]));
      const double target = k == labels[b] ? 1.0 : 0.0;
      const double error = count[k] / steps - target;
      double gradient = 2 * error / (classes * batch * steps);
      if (loss_ == Loss::mse) {
        result.loss += error * error / (classes * batch);
      } else {
        gradient = (std::exp(count[k]) / normaliser - target) / batch;
        result.loss -= target * (count[k] - std::log(normaliser)) / batch;
      }
      for (int t = 0; t < steps; ++t) {
        grad_s.at(b * steps + t, 0, 0)[k] = static_cast<float>(gradient);
      }
    }
  }
  return grad_s;
}

ValueMap NetworkRun::backward(const Layer& layer, int batch, const Kept& kept,
                              const ValueMap& spatial) const {
  const int maps = batch * network_.timesteps;
  ValueMap grad_u(maps, layer.soma_h, layer.soma_w, layer.cout);
  BitMap nonzero(maps, layer.soma_h, layer.soma_w, layer.cout);
  grad(neuron_, numerics_, layer.pool, batch, network_.timesteps, spatial, kept.u, kept.spikes,
       kept.mask, all_of(layer.soma_h, layer.soma_w), 0, layer.cout, grad_u, nonzero);
  if (layer.pool != PoolMode::before_soma) return grad_u;
  ValueMap conv(maps, layer.out_h, layer.out_w, layer.cout);
  spread_quarters(numerics_, grad_u, {0, grad_u.height, 0, grad_u.width}, conv);
  return conv;
}

StepResult NetworkRun::step(int batch, const BitMap& input, const std::vector<int>& labels,
                            const std::vector<std::vector<float>>& weights) const {
  const std::vector<Layer>& layers = network_.layers;
  StepResult result;
  std::vector<Kept> kept;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    BitMap from = l == 0 ? input : handed_on(layers[l - 1], kept.back());
    kept.push_back(forward(layers[l], batch, std::move(from), weights[l]));
  }
  ValueMap spatial = loss_gradient(batch, kept.back().spikes, labels, result);
  result.gradients.resize(layers.size());
  for (std::size_t l = layers.size(); l-- > 0;) {
    const Layer& layer = layers[l];
    const ValueMap grad_u = backward(layer, batch, kept[l], spatial);
    result.gradients[l].resize(layer.weight_count());
    const WeightGradientArray gradient(layer, {}, {}, numerics_);
    gradient.run(batch, network_.timesteps, kept[l].input, grad_u, 0, layer.cout, 0, layer.cin,
                 result.gradients[l].data());
    if (l == 0) break;
    BackwardArray array(layer, {}, numerics_);
    array.load(weights[l].data(), 0, layer.cin);
    spatial = ValueMap(grad_u.maps, layer.in_h, layer.in_w, layer.cin);
    array.run(grad_u, all_of(layer.in_h, layer.in_w), spatial);
    const Layer& below = layers[l - 1];
    if (layer.kind == LayerKind::fc && below.kind == LayerKind::conv) {
      spatial = unflattened(spatial, below.next_h, below.next_w, below.cout);
    }
  }
  return result;
}

}  // namespace h2
