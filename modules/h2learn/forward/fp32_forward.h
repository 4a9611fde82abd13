// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/events.h"
#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/base/aligned.h"
#include "modules/base/ceil_div.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Spatial term of Eq. (1) under numerics fp32, event-driven: every spike adds a packed row of
/// weights. Order: blocks of channels*, rows of the window downwards, columns, channels*; the same
/// for any split of the work.
class Fp32Forward {
 public:
  explicit Fp32Forward(Layer layer);

  /// The spikes that one region of outputs sees.
  struct Input {
    int maps = 0;
    Region region, seen;
    EventLists<std::uint32_t> events;  ///< [block of channels*][map]
    std::vector<Run> runs;
  };

  /// As ForwardArray.
  void load(const float* oihw, int co0, int count);
  Input prepare(const BitMap& input, Region region) const;
  void run(const Input& input, ValueMap& sums, int channel0) const;

 private:
  int blocks() const { return ceil_div(count_, kLanes); }
  void pack_block(const float* oihw, int co0, int block);
  void write_out(const AlignedVector<float>& psums, Region region, ValueMap& sums,
                 int channel0) const;

  Layer layer_;
  const VectorOps* ops_;
  int count_ = 0;  // loaded output channels
  std::size_t block_weights_ = 0;
  AlignedVector<float> weights_;  // [block][block of channels*][tap][its channel*][lane]
};

}  // namespace h2
