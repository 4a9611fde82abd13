#pragma once

#include <vector>

#include "modules/kernels/core.h"
#include "modules/kernels/maps.h"
#include "modules/network/network.h"

namespace h2 {

/// Eq. (3) under numerics fp32, driven by the non-zero gradients or by the spikes, whichever are
/// fewer. Order: maps, then output positions row-major; both ways and any split of the work give
/// the same bits.
class Fp32WeightGradient {
 public:
  explicit Fp32WeightGradient(const Layer& layer);

  /// As WeightGradientKernel.
  void run(int batch, int steps, const BitMap& input, const ValueMap& grad_u, int co0, int co_count,
           int ci0, int ci_count, float* oihw) const;

 private:
  struct Job;

  void by_gradients(const Job& job) const;
  std::vector<std::vector<Term>> gradient_events(const Job& job, int width, int words) const;
  void by_spikes(const Job& job) const;
  void list_by_channel(const Job& job, int map, int slot,
                       std::vector<std::vector<std::uint32_t>>& lists) const;
  void copy_padded(const Job& job, int map, int co, int lanes, float* rows) const;
  void add_spikes(const Job& job, const std::vector<std::vector<std::uint32_t>>& lists,
                  const std::vector<float>& rows, int blocks, std::vector<float>& sums) const;
  void write_out(const Job& job, int co, const float* sums, std::size_t channel_stride,
                 std::size_t tap_stride) const;

  Layer layer_;
  const Core* core_;
  int margin_;          // zero rows and columns around a map of gradients
  int rows_, columns_;  // of such a map
};

}  // namespace h2
