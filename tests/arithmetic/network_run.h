// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// What one training step of a whole network produces before the update.
struct StepResult {
  std::vector<int> counts;  ///< [sample][class]: output spikes over all timesteps
  double loss = 0.0;
  std::vector<std::vector<float>> gradients;  ///< per layer, OIHW, loss scale 1
};

/// The layer kernels one after another over whole maps, as the accelerator runs them.
class NetworkRun {
 public:
  enum class Loss { mse, cross_entropy };

  NetworkRun(const Network& network, const NeuronSpec& neuron, Numerics numerics, Loss loss)
      : network_(network), neuron_(neuron), numerics_(numerics), loss_(loss) {}

  /// `input` is [batch*steps][h][w][channels], or [batch][h][w][channels*8] for an encoding layer.
  StepResult step(int batch, const BitMap& input, const std::vector<int>& labels,
                  const std::vector<std::vector<float>>& weights) const;

 private:
  /// What the forward pass of a layer leaves for the backward pass.
  struct Kept {
    BitMap input, spikes, mask;
    ValueMap u;
  };

  Kept forward(const Layer& layer, int batch, BitMap input,
               const std::vector<float>& weights) const;
  BitMap handed_on(const Layer& layer, const Kept& kept) const;
  ValueMap loss_gradient(int batch, const BitMap& spikes, const std::vector<int>& labels,
                         StepResult& result) const;
  /// grad-u at the convolution's positions.
  ValueMap backward(const Layer& layer, int batch, const Kept& kept, const ValueMap& spatial) const;

  const Network& network_;
  NeuronSpec neuron_;
  Numerics numerics_;
  Loss loss_;
};

}  // namespace h2
