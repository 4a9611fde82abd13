// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/tensor/maps.h"
#include "platform/config/config.h"

namespace h2 {

/// Where the zeros of a measured training step come from.
struct StepDensities {
  bool drawn = true;        ///< false: a real step from random weights
  double spikes = 0.15;     ///< share of ones in the spikes a layer reads
  double gradients = 0.05;  ///< share of non-zeros in grad-u
};

/// What the three phases of one layer read.
struct LayerOperands {
  std::vector<float> weights;  ///< OIHW
  BitMap input;                ///< [batch*T], the first layer of a static image [batch]
  ValueMap grad_u;             ///< at the convolution's positions
  ValueMap u;                  ///< at the Soma positions, as all below
  BitMap spikes, mask;
};

/// Operands of one sub-batch for every layer, the same in every call. Weights are Kaiming normal;
/// a real step feeds random pixels (or spikes) and random labels.
std::vector<LayerOperands> step_operands(const Config& config, const StepDensities& densities);

}  // namespace h2
