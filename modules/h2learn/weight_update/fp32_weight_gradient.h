// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/base/aligned.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Eq. (3) under numerics fp32, driven by the non-zero gradients or by the spikes, whichever are
/// fewer. Order: maps, then output positions row-major; both ways and any split of the work give
/// the same bits.
class Fp32WeightGradient {
 public:
  explicit Fp32WeightGradient(Layer layer);

  /// As WeightGradientArray.
  void run(int batch, int steps, const BitMap& input, const ValueMap& grad_u, int co0, int co_count,
           int ci0, int ci_count, float* oihw) const;

 private:
  /// One call of run().
  struct Job {
    int batch, steps;
    const BitMap& input;
    const ValueMap& grad_u;
    int co0, co_count;
    int c0, channels;  ///< input channels*
    float* oihw;

    int maps() const { return batch * steps; }
    /// The map of spikes that belongs to a map of gradients.
    int input_map(int map) const { return input.maps == batch ? map / steps : map; }
  };
  /// Rows y0..y1 of the input of one map, y0 a multiple of the stride; `row`: where its gradients
  /// lie among those held at once.
  struct Band {
    int map, y0, y1;
    int row;
  };
  /// Spikes of the bands at hand per channel* and, with a stride, per remainder of the position:
  /// entries starts[i] .. starts[i+1] are the gradient positions at tap 0.
  struct SpikeLists {
    std::vector<std::uint32_t> entries, starts;
  };

  void by_gradients(const Job& job) const;
  std::vector<std::vector<Term>> gradient_events(const Job& job, int width, int words) const;
  void by_spikes(const Job& job) const;
  std::vector<std::vector<Band>> plan_bands(const Job& job) const;
  int margin() const;
  int columns() const { return layer_.out_w + 2 * margin(); }
  int band_rows(const Band& band) const;
  template <class Visit>
  void for_spikes(const Job& job, const std::vector<Band>& bands, Visit visit) const;
  void list_spikes(const Job& job, const std::vector<Band>& bands, SpikeLists& lists) const;
  void copy_gradients(const Job& job, const std::vector<Band>& bands, int co, int lanes,
                      AlignedVector<float>& rows) const;
  void add_spikes(const Job& job, const SpikeLists& lists, const AlignedVector<float>& rows,
                  int blocks, float* sums) const;
  void write_out(const Job& job, int co, int first, int end, const float* sums,
                 std::size_t channel_stride, std::size_t tap_stride) const;

  Layer layer_;
  const VectorOps* ops_;
};

}  // namespace h2
