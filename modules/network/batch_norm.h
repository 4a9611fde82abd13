// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace h2 {

/// Batch norm behind a convolution or an FC layer, with the statistics of a finished training; one
/// number per output channel. y = factor * (gamma * (x - mean) / sqrt(variance + epsilon) + beta).
struct BatchNorm {
  std::vector<double> gamma, beta, mean, variance;
  double epsilon = 1e-5;
  double factor = 1;  ///< of threshold-dependent batch norm: alpha * th_f (Zheng et al. 2021)
};

/// Folds it into the layer before: weights [output][...] and one bias per output, zeros for a layer
/// without. Computed in double, rounded to float once. Throws InputError if a number of channels
/// differs, or a number is not finite or a variance too small.
void fold_batch_norm(const BatchNorm& norm, std::vector<float>& weights, std::vector<float>& bias);

}  // namespace h2
