// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/range_count.h"
#include "modules/arithmetic/simd/isa.h"
#include "modules/base/numerics.h"
#include "modules/base/raw_vector.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/sata/sata_array.h"
#include "modules/tensor/maps.h"

// What SATA's array computes in networks of ReLU (`sata.ann`): as in sata_array.h, but a PE
// multiplies with an activation where a spiking network adds.

namespace h2 {

/// Forward pass and weight gradient of a layer that reads activations: `cin` values at in_h x in_w,
/// no bit planes, one map per sample.
class SataProducts {
 public:
  SataProducts(Layer layer, Numerics numerics);

  /// Takes the weights of output channels [k0, k1).
  void load(const float* oihw, int k0, int k1);
  /// Their sums at the positions of `region`, products in ascending (c, r, s), all maps.
  void run(const ValueMap& input, Region region, ValueMap& sums) const;
  /// Of one sub-batch, into `oihw`, the whole tensor: products of grad-u and activation in
  /// ascending position for one sample, samples in their order.
  void weight_gradient(const ValueMap& input, const ValueMap& grad_u,
                       const SataWeightGradient::Part& part, float* oihw) const;

 private:
  /// The activation that output position (y, x) meets at `tap`; null outside of the map.
  const float* under(const ValueMap& input, int map, int y, int x, int tap) const;

  Layer layer_;
  const VectorOps& ops_;
  int k0_ = 0, outputs_ = 0, pitch_ = 0;
  RawVector<float> weights_;  // [c][tap][pitch]
};

/// ReLU of the sums of channels [c0, c1) at `region`: max(0, sum), and in `open` where the sum is
/// above 0, so that its gradient passes. `linear` (the last layer): the sum itself, all open.
/// `nonzero`: where the activation is not 0. Returns the sums out of range.
RangeCount relu(bool linear, const ValueMap& sums, Region region, int c0, int c1,
                ValueMap& activations, BitMap& nonzero, BitMap& open);

}  // namespace h2
