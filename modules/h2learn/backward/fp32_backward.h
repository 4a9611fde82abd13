// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/events.h"
#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/base/aligned.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Spatial term of Eq. (2) under numerics fp32, driven by the non-zero gradients: each adds its
/// product with a packed row of weights. Even without zeros this is as fast as a dense product.
/// Order: blocks of channels of grad-u, rows of the window downwards, columns, channels; the same
/// for any split of the work.
class Fp32Backward {
 public:
  explicit Fp32Backward(const Layer& above);

  /// The gradients that one region of outputs sees. Refers to grad-u.
  struct Input {
    const ValueMap* grad_u = nullptr;
    Region region, seen;
    EventLists<Term> events;  ///< [block of cout][map]
    std::vector<Run> runs;
  };

  /// As BackwardArray.
  void load(const float* oihw, int ci0, int count);
  Input prepare(const ValueMap& grad_u, Region region) const;
  void run(const Input& input, ValueMap& sums, int channel0) const;

 private:
  /// Channels of the lower layer computed side by side.
  struct Group {
    int first = 0, blocks = 0;     ///< first loaded channel, blocks of kLanes channels
    AlignedVector<float> weights;  ///< [block of cout][conv ID][its channel][blocks*kLanes]
  };

  void pack(const float* oihw, int ci, int lanes, Group& group) const;
  void run_group(const Group& group, const Input& input, ValueMap& sums, int channel0) const;

  Layer above_;
  Windows windows_;
  const VectorOps* ops_;
  int count_ = 0;
  std::vector<Group> groups_;
};

}  // namespace h2
