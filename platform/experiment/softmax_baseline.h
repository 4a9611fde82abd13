// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/data/dataset.h"

namespace h2 {

/// Share of test samples that a network of one layer with softmax classifies right: weights and
/// biases in FP32 on pixels / 256, cross-entropy, Adam, `epochs` passes in groups of 32.
double softmax_accuracy(const LoadedData& data, int epochs, std::uint64_t seed);

}  // namespace h2
