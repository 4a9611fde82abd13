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

  friend bool operator==(const NeuronSpec& a, const NeuronSpec& b) {
    return a.alpha == b.alpha && a.th_f == b.th_f && a.th_l == b.th_l && a.th_r == b.th_r &&
           a.beta == b.beta;
  }
};

}  // namespace h2
