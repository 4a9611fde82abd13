// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

// ARITHMETIC.md written down as literally as possible: scalar, dense, whole maps, every zero
// multiplied and added. Shares nothing with the kernels but the map types and round_fp16.

namespace h2::reference {

/// Eq. (1), spatial term: [input.maps][out_h][out_w][cout].
ValueMap forward_sums(const Layer& layer, const ForwardSpec& array, Numerics numerics,
                      const std::vector<float>& oihw, const BitMap& input);

/// Eq. (2), spatial term: [grad_u.maps][in_h][in_w][cin].
ValueMap backward_sums(const Layer& above, const BackwardSpec& array, Numerics numerics,
                       const std::vector<float>& oihw, const ValueMap& grad_u);

/// Eq. (3) for one sub-batch: OIHW.
std::vector<float> weight_gradient(const Layer& layer, const WeightUpdateSpec& array, TileSpec tile,
                                   Numerics numerics, int batch, int steps, const BitMap& input,
                                   const ValueMap& grad_u);

struct Potentials {
  ValueMap u;
  BitMap spikes, mask;
};
Potentials soma(const NeuronSpec& neuron, Numerics numerics, int batch, int steps,
                const ValueMap& sums);

/// grad-u of whole maps; `spatial` as the kernels' grad() takes it.
ValueMap grad(const NeuronSpec& neuron, Numerics numerics, PoolMode pool, int batch, int steps,
              const ValueMap& spatial, const ValueMap& u, const BitMap& spikes, const BitMap& mask,
              bool max_pool = false, const ValueMap* direct = nullptr);

}  // namespace h2::reference
