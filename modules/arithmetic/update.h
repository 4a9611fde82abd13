// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace h2 {

enum class Optimizer { sgd, adam };

/// Optimiser step parameters; state is FP32.
struct UpdateSpec {
  Optimizer optimizer = Optimizer::sgd;
  float learning_rate = 0.1F;
  float momentum = 0.9F;      ///< sgd; 0: no state
  float beta1 = 0.9F;         ///< adam
  float beta2 = 0.999F;       ///< adam
  float epsilon = 1e-8F;      ///< adam
  float loss_scale = 1.0F;    ///< power of two, divided out of the gradient first
  float weight_decay = 0.0F;  ///< 0: none

  /// Whether a first moment is kept from step to step.
  bool has_first() const { return optimizer == Optimizer::adam || momentum != 0; }
};

/// One update, FP32 throughout, every operation rounded once and unfused:
/// sgd:  v = momentum*v + g; w = w - lr*v.  adam: Kingma and Ba 2015, bias-corrected by `step`
/// (1 for the first). `second` is used by adam only and may be null otherwise.
/// A weight_decay that is not 0: sgd takes g + decay*w for g; adam takes w - (lr*decay)*w for w
/// before its step (Loshchilov and Hutter 2019), as torch.optim.SGD and AdamW do.
void update_weights(const UpdateSpec& spec, unsigned step, const float* gradient, float* master,
                    float* first, float* second, std::size_t count);

}  // namespace h2
