// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/arithmetic/range_count.h"
#include "modules/base/numerics.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

// Batch norm between the arrays and Soma, and behind Grad (ARITHMETIC.md, section 4a). Values are
// stored as `numerics` says; everything else is binary32, every operation rounded once. Arrays of
// floats have one number per channel of the maps.

namespace h2 {

/// Sum of a channel's values and of their squares, or of gradients and of gradients times xhat.
struct ChannelSums {
  float* first;
  float* second;
};

struct Moments {
  float* mean;
  float* variance;  ///< of the values themselves: divided by their number
};

/// Adds the currents at the positions of `region`, of all maps and channels c0..c1-1. The sums of
/// a region begin at +0 and are added to `sums` as a whole.
void add_currents(const ValueMap& currents, Region region, int c0, int c1, const ChannelSums& sums);

/// Mean and variance of channels c0..c1-1 from sums over `count` values; never below 0.
void find_moments(const ChannelSums& sums, std::uint64_t count, int c0, int c1,
                  const Moments& moments);

/// What normalises: y = gamma * scale / sqrt(variance + epsilon) * (x - mean) + beta.
struct Norm {
  const float* mean;
  const float* variance;
  const float* gamma;
  const float* beta;
  float scale = 1;  ///< alpha * th_f
};
constexpr float kNormEpsilon = 1e-5F;
/// Share of a sub-batch in the running mean and variance.
constexpr float kNormMomentum = 0.1F;

/// Of the currents at the positions of `region` and channels c0..c1-1; `to` may be `currents`.
void normalise(const Norm& norm, Numerics numerics, const ValueMap& currents, Region region, int c0,
               int c1, ValueMap& to);

/// Adds grad-y and grad-y * xhat, in the order of add_currents(). Currents have as many maps as
/// gradients, or one for all `steps` timesteps of a sample.
void add_gradients(const Norm& norm, const ValueMap& gradient, int steps, const ValueMap& currents,
                   Region region, int c0, int c1, const ChannelSums& sums);

/// Gradient of the currents: from grad-y and its sums over `count` values; `nonzero` where it is
/// not zero. Returns the gradients that are not finite, with the latest timestep.
RangeCount gradient_of_currents(const Norm& norm, Numerics numerics, const ValueMap& gradient,
                                int steps, const ValueMap& currents, const ChannelSums& sums,
                                std::uint64_t count, Region region, int c0, int c1, ValueMap& to,
                                BitMap& nonzero);

/// running = running + momentum * (of the sub-batch - running), the variance times
/// count / (count - 1).
void follow_moments(float mean, float variance, std::uint64_t count, float& running_mean,
                    float& running_variance);

}  // namespace h2
