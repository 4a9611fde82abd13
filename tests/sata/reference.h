// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/base/numerics.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

// modules/sata/SATA.md, "Arithmetic", as scalar code: whole maps, no gate, every zero multiplied
// and added. Shares nothing with the kernels but the map types and round_fp16.

namespace h2::sata_reference {

ValueMap forward_sums(const Layer& layer, Numerics numerics, const std::vector<float>& oihw,
                      const BitMap& input);

/// At the height x width map that `above` reads.
ValueMap backward_sums(const Layer& above, int height, int width, Numerics numerics,
                       const std::vector<float>& oihw, const ValueMap& grad_u);

std::vector<float> weight_gradient(const Layer& layer, Numerics numerics, int batch, int steps,
                                   const BitMap& input, const ValueMap& grad_u);

}  // namespace h2::sata_reference
