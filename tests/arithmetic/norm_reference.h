// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

// ARITHMETIC.md, section 4a, channel by channel.

namespace h2::reference {

struct Moments {
  std::vector<float> mean, variance;
};

/// Of a sub-batch's currents.
Moments moments(const ValueMap& currents, TileSpec tile);

/// `norm`: gamma of all channels, then beta.
ValueMap normalised(const Layer& layer, Numerics numerics, const Moments& of, const float* norm,
                    const ValueMap& currents);

struct NormGradient {
  ValueMap currents;
  std::vector<float> gamma, beta;
};
/// `grad_u` has a map per sample and timestep, `currents` as well or one per sample.
NormGradient norm_gradient(const Layer& layer, Numerics numerics, const Moments& of,
                           const float* norm, const ValueMap& grad_u, const ValueMap& currents,
                           TileSpec tile);

/// The running mean or variance behind a sub-batch.
float follow(float running, float found);
float unbiased(float variance, double values);

}  // namespace h2::reference
