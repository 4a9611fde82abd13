// SPDX-License-Identifier: Apache-2.0
#include "modules/network/batch_norm.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "modules/base/error.h"

namespace h2 {
namespace {

void require_channels(const char* name, std::size_t given, std::size_t outputs) {
  if (given == outputs) return;
  throw InputError(std::string("batch norm: ") + name + " has " + std::to_string(given) +
                   " channels; legal: " + std::to_string(outputs) + ", the outputs of its layer");
}

}  // namespace

void fold_batch_norm(const BatchNorm& norm, std::vector<float>& weights, std::vector<float>& bias) {
  const std::size_t outputs = bias.size();
  require_channels("gamma", norm.gamma.size(), outputs);
  require_channels("beta", norm.beta.size(), outputs);
  require_channels("mean", norm.mean.size(), outputs);
  require_channels("variance", norm.variance.size(), outputs);
  if (outputs == 0 || weights.size() % outputs != 0) {
    throw InputError("batch norm: " + std::to_string(weights.size()) + " weights for " +
                     std::to_string(outputs) + " outputs; legal: a multiple of the outputs");
  }
  const std::size_t row = weights.size() / outputs;
  for (std::size_t o = 0; o < outputs; ++o) {
    const double scale = norm.factor * norm.gamma[o] / std::sqrt(norm.variance[o] + norm.epsilon);
    const double moved = scale * (bias[o] - norm.mean[o]) + norm.factor * norm.beta[o];
    if (!(norm.variance[o] + norm.epsilon > 0) || !std::isfinite(scale) || !std::isfinite(moved)) {
      throw InputError("batch norm: channel " + std::to_string(o) +
                       " has no finite scale; legal: finite numbers, variance + epsilon above 0");
    }
    for (std::size_t i = o * row; i < (o + 1) * row; ++i) {
      weights[i] = static_cast<float>(weights[i] * scale);
    }
    bias[o] = static_cast<float>(moved);
  }
}

}  // namespace h2
