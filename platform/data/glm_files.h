// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/spinaps/glm_training.h"

namespace h2 {

/// fc1.w.npy (inputs, kernels, classes) and fc1.b.npy (classes) in `folder`, FP32: the weights of a
/// SpinAPS network in the basis of its kernels. Throws RunError.
void save_glm(const std::string& folder, const GlmParameters<float>& parameters);
/// Into `parameters`, whose shape they must have. Throws InputError naming the file for a missing
/// file, another type or shape, or a value that is not finite.
void load_glm(const std::string& folder, GlmParameters<float>& parameters);

}  // namespace h2
