// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/update.h"

#include <cmath>

namespace h2 {
namespace {

/// 1 - beta^step, the power by squaring in double.
float bias_correction(float beta, unsigned step) {
  double power = 1.0, square = beta;
  for (unsigned rest = step; rest != 0; rest >>= 1, square *= square) {
    if ((rest & 1U) != 0) power *= square;
  }
  return static_cast<float>(1.0 - power);
}

}  // namespace

void update_weights(const UpdateSpec& spec, unsigned step, const float* gradient, float* master,
                    float* first, float* second, std::size_t count) {
  const float unscale = 1.0F / spec.loss_scale;
  const float rate = spec.learning_rate;
  const bool decays = spec.weight_decay != 0;  // + 0 * w would make -0 of a gradient +0
  if (spec.optimizer == Optimizer::sgd) {
    for (std::size_t i = 0; i < count; ++i) {
      float g = gradient[i] * unscale;
      if (decays) g = g + spec.weight_decay * master[i];
      first[i] = spec.momentum * first[i] + g;
      master[i] = master[i] - rate * first[i];
    }
    return;
  }
  const float correction1 = bias_correction(spec.beta1, step);
  const float correction2 = bias_correction(spec.beta2, step);
  const float rest1 = 1.0F - spec.beta1;
  const float rest2 = 1.0F - spec.beta2;
  const float shrink = rate * spec.weight_decay;
  for (std::size_t i = 0; i < count; ++i) {
    const float g = gradient[i] * unscale;
    if (decays) master[i] = master[i] - shrink * master[i];
    first[i] = spec.beta1 * first[i] + rest1 * g;
    second[i] = spec.beta2 * second[i] + rest2 * (g * g);
    const float mean = first[i] / correction1;
    const float deviation = std::sqrt(second[i] / correction2) + spec.epsilon;
    master[i] = master[i] - rate * (mean / deviation);
  }
}

}  // namespace h2
