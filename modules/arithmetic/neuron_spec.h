// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

namespace h2 {

/// What a spike does to the potential: it becomes 0 (Eq. (1)); th_f is taken away, then what is
/// left decays; what is there decays, then th_f is taken away. None: of a read-out. The numbers are
/// those of the contract.
enum class Reset { hard = 0, soft = 1, soft_after_decay = 2, none = 3 };

/// Gradient of a spike inside the mask: beta, or beta times a curve that Grad takes from a table
/// (slopes.h). The numbers are those of the contract.
enum class Surrogate { rectangle = 0, triangle = 1, atan = 2, fast_sigmoid = 3 };

/// LIF neuron of Eq. (1), (2), (4). Defaults: Wu et al. 2018, 2019.
struct NeuronSpec {
  float alpha = 0.25F;
  float th_f = 0.5F;
  float th_l = 0.0F;
  float th_r = 1.0F;
  float beta = 1.0F;
  Reset reset = Reset::hard;
  Surrogate surrogate = Surrogate::rectangle;

  friend bool operator==(const NeuronSpec& a, const NeuronSpec& b) {
    return a.alpha == b.alpha && a.th_f == b.th_f && a.th_l == b.th_l && a.th_r == b.th_r &&
           a.beta == b.beta && a.reset == b.reset && a.surrogate == b.surrogate;
  }
};

/// A leaky integrator: it never fires, and its gradient passes at every timestep.
inline NeuronSpec readout_neuron(float alpha) {
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  return {alpha, kInfinite, -kInfinite, kInfinite, 1.0F, Reset::none, Surrogate::rectangle};
}

}  // namespace h2
