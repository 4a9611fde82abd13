// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// LIF neuron of Eq. (1), (2), (4). Defaults: Wu et al. 2018, 2019.
struct NeuronSpec {
  float alpha = 0.25F;
  float th_f = 0.5F;
  float th_l = 0.0F;
  float th_r = 1.0F;
  float beta = 1.0F;
};

}  // namespace h2
