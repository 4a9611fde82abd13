// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/base/rng.h"
#include "platform/data/dataset.h"

namespace h2 {

inline constexpr InputShape kDigitShape{1, 28, 28};

/// Draws one handwritten-style digit, 0..9: a writing variant of its pen strokes, distorted, with
/// varying pen, ink, noise and at times a stray stroke. White (255) on black, 28x28 bytes.
void draw_digit(int digit, CounterRng& rng, std::uint8_t* image);

/// Generated data set: every ten successive samples hold each digit once, in random order. A sample
/// depends on the part, its index and, for training alone, the seed: there is one test set. Limit 0
/// means 4000 training, 1000 test
/// samples.
LoadedData load_digits(std::uint64_t train_limit, std::uint64_t test_limit, std::uint64_t seed);

}  // namespace h2
