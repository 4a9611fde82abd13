// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/numerics.h"
#include "modules/base/raw_vector.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

// What SATA's array computes (SATA.md beside this file). Every PE adds its terms one after another,
// rounded each, from +0 on; a term whose gated operand is zero is left out, which changes no bit:
// it would add a zero to a sum that is never -0. Weights are OIHW and finite.

namespace h2 {

/// Eq. (1), spatial term: every output sums its weights in ascending (c, r, s). With bit planes a
/// sum per plane; planes are added ascending, each times what its spikes count (ARITHMETIC.md).
class SataForward {
 public:
  SataForward(Layer layer, Numerics numerics);

  /// Takes the weights of output channels [k0, k1).
  void load(const float* oihw, int k0, int k1);
  /// Their sums over all maps of `input` at the positions of `region`: sums has one map per map of
  /// the input, out_h x out_w and cout channels.
  void run(const BitMap& input, Region region, ValueMap& sums) const;

 private:
  void add_window(const BitMap& input, int map, int y, int x, float* planes) const;

  Layer layer_;
  const VectorOps& ops_;
  int k0_ = 0, outputs_ = 0, pitch_ = 0;
  RawVector<float> weights_;  // [c][tap][pitch]
};

/// Eq. (2), spatial term: grad-s of the layer's inputs, products in ascending (k, r, s). A fully
/// connected layer that reads a map gives the gradients at that map's positions.
class SataBackward {
 public:
  /// `above` owns the weights; its input is a map of `height` x `width` (1 x 1 behind another fully
  /// connected layer).
  SataBackward(const Layer& above, int height, int width, Numerics numerics);

  /// Takes the weights of channels [c0, c1) of that map.
  void load(const float* oihw, int c0, int c1);
  /// Their sums over all maps of `grad_u` (cout channels at out_h x out_w) at the positions of
  /// `region`.
  void run(const ValueMap& grad_u, Region region, ValueMap& sums) const;

 private:
  /// One window position: where its grad-u lies, or null outside, and which weights it meets.
  struct Tap {
    const float* grad = nullptr;
    int place = 0;
  };
  void find_taps(const ValueMap& grad_u, int map, int y, int x, std::vector<Tap>& taps) const;
  int channels() const { return fully_ ? layer_.cin / (height_ * width_) : layer_.cin; }

  Layer layer_;
  int height_, width_;
  bool fully_;
  const VectorOps& ops_;
  int c0_ = 0, count_ = 0, places_ = 1;
  RawVector<float> weights_;  // [place][k][channel]; a place is a tap, or a position of the map
};

/// Eq. (3) of one sub-batch: every weight sums grad-u in ascending (t, position) for one sample;
/// samples are added in their order. Bit planes as above, before samples are added.
class SataWeightGradient {
 public:
  SataWeightGradient(Layer layer, Numerics numerics);

  /// Weights of outputs [k0, k1) from inputs [c0, c1), planes not counted.
  struct Part {
    int k0 = 0, k1 = 0, c0 = 0, c1 = 0;
  };
  /// Into `oihw`, the whole tensor.
  void run(const BitMap& input, const ValueMap& grad_u, int batch, int steps, const Part& part,
           float* oihw) const;

 private:
  /// One sample's sums, [plane][input][tap][pitch].
  struct Sums {
    RawVector<float> values;
    int pitch = 0;
    std::size_t plane = 0;  ///< values of one plane
  };
  void add_position(const BitMap& input, int map, int y, int x, const float* grad, const Part& part,
                    Sums& sums) const;

  Layer layer_;
  const VectorOps& ops_;
};

}  // namespace h2
