// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/step_operands.h"

#include <cmath>
#include <utility>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "platform/data/weights.h"
#include "tests/arithmetic/flatten.h"
#include "tests/arithmetic/random_case.h"

namespace h2 {
namespace {

Region all_of(int height, int width) { return {0, height, 0, width}; }

class RealStep {
 public:
  RealStep(const Config& config, std::vector<LayerOperands>& operands)
      : config_(config), operands_(operands), numerics_(config.machine.numerics) {}

  void run() {
    const std::vector<Layer>& layers = config_.network.layers;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (l > 0) operands_[l].input = handed_on(layers[l - 1], layers[l], operands_[l - 1]);
      forward(layers[l], operands_[l]);
    }
    ValueMap spatial = loss_gradient(operands_.back().spikes);
    for (std::size_t l = layers.size(); l-- > 0;) {
      operands_[l].grad_u = gradient(layers[l], operands_[l], spatial);
      if (l > 0) spatial = propagated(layers[l], layers[l - 1], operands_[l]);
    }
  }

 private:
  int maps() const { return config_.training.sub_batch * config_.network.timesteps; }

  void forward(const Layer& layer, LayerOperands& o) const {
    ForwardArray kernel(layer, config_.machine.forward, numerics_);
    kernel.load(o.weights.data(), 0, layer.cout);
    ValueMap sums(o.input.maps, layer.out_h, layer.out_w, layer.cout);
    kernel.run(o.input, all_of(layer.out_h, layer.out_w), sums);
    const Region region = all_of(layer.soma_h, layer.soma_w);
    if (layer.pool == PoolMode::before_soma) {
      ValueMap pooled(sums.maps, layer.soma_h, layer.soma_w, layer.cout);
      pool_potentials(numerics_, sums, region, 0, layer.cout, pooled);
      sums = std::move(pooled);
    }
    o.u = ValueMap(maps(), layer.soma_h, layer.soma_w, layer.cout);
    o.spikes = BitMap(maps(), layer.soma_h, layer.soma_w, layer.cout);
    o.mask = o.spikes;
    soma(layer.neuron, numerics_, config_.training.sub_batch, config_.network.timesteps, sums,
         region, 0, layer.cout, o.u, o.spikes, o.mask);
  }

  static BitMap handed_on(const Layer& below, const Layer& layer, const LayerOperands& o) {
    BitMap out = o.spikes;
    if (below.pool == PoolMode::after_soma) {
      out = BitMap(o.spikes.maps, below.next_h, below.next_w, 3 * below.cout);
      pool_spikes(o.spikes, all_of(below.next_h, below.next_w), 0, below.cout, out);
    }
    return layer.kind == LayerKind::fc ? flattened(out, layer.planes) : out;
  }

  /// Mean squared error of the rates; label = sample number.
  ValueMap loss_gradient(const BitMap& spikes) const {
    const int steps = config_.network.timesteps, classes = spikes.channels;
    const int batch = config_.training.sub_batch;
    const float scale = config_.training.update.loss_scale * 2 / (classes * batch * steps);
    ValueMap grad_s(spikes.maps, 1, 1, classes);
    for (int map = 0; map < spikes.maps; ++map) {
      const int sample = map / steps;
      for (int k = 0; k < classes; ++k) {
        int count = 0;
        for (int t = 0; t < steps; ++t) count += spikes.get(sample * steps + t, 0, 0, k) ? 1 : 0;
        const float error = static_cast<float>(count) / steps - (k == sample % classes ? 1.0F : 0);
        grad_s.at(map, 0, 0)[k] = round_fp16(error * scale);
      }
    }
    return grad_s;
  }

  ValueMap gradient(const Layer& layer, const LayerOperands& o, const ValueMap& spatial) const {
    ValueMap grad_u(maps(), layer.soma_h, layer.soma_w, layer.cout);
    BitMap nonzero = o.mask;
    grad(layer.neuron, numerics_, layer.pool, config_.training.sub_batch, config_.network.timesteps,
         spatial, o.u, o.spikes, o.mask, all_of(layer.soma_h, layer.soma_w), 0, layer.cout, grad_u,
         nonzero);
    if (layer.pool != PoolMode::before_soma) return grad_u;
    ValueMap conv(maps(), layer.out_h, layer.out_w, layer.cout);
    spread_quarters(numerics_, grad_u, all_of(grad_u.height, grad_u.width), conv);
    return conv;
  }

  ValueMap propagated(const Layer& layer, const Layer& below, const LayerOperands& o) const {
    BackwardArray kernel(layer, config_.machine.backward, numerics_);
    kernel.load(o.weights.data(), 0, layer.cin);
    ValueMap sums(maps(), layer.in_h, layer.in_w, layer.cin);
    kernel.run(o.grad_u, all_of(layer.in_h, layer.in_w), sums);
    if (layer.kind == LayerKind::conv) return sums;
    return unflattened(sums, below.next_h, below.next_w, below.cout);
  }

  const Config& config_;
  std::vector<LayerOperands>& operands_;
  Numerics numerics_;
};

}  // namespace

std::vector<LayerOperands> step_operands(const Config& config, const StepDensities& densities) {
  Draw draw(1);
  const int batch = config.training.sub_batch, maps = batch * config.network.timesteps;
  const bool fp16 = config.machine.numerics == Numerics::fp16;
  std::vector<LayerOperands> operands;
  for (const Layer& layer : config.network.layers) {
    const int index = static_cast<int>(operands.size());
    LayerOperands o;
    o.weights = initial_weights(layer, config.training.init_gain, config.training.seed, index);
    for (float& w : o.weights) w = fp16 ? round_fp16(w) : w;
    o.input = draw.bits(layer.encoding ? batch : maps, layer.in_h, layer.in_w, layer.cin_star(),
                        layer.encoding ? 0.5 : densities.spikes);
    o.grad_u = draw.map(maps, layer.out_h, layer.out_w, layer.cout, densities.gradients, 0x1p-6F);
    o.u = draw.map(maps, layer.soma_h, layer.soma_w, layer.cout, 1, 1);
    o.spikes = draw.bits(maps, layer.soma_h, layer.soma_w, layer.cout, densities.spikes);
    o.mask = draw.bits(maps, layer.soma_h, layer.soma_w, layer.cout, 0.25);
    operands.push_back(std::move(o));
  }
  if (!densities.drawn) RealStep(config, operands).run();
  return operands;
}

}  // namespace h2
