// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "modules/arithmetic/subtree.h"
#include "modules/arithmetic/tree_program.h"
#include "modules/base/aligned.h"
#include "modules/base/ceil_div.h"
#include "modules/base/raw_vector.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/machine.h"
#include "modules/h2learn/weight_update/fp32_weight_gradient.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Of grad-w of the constant input of outputs [co0, co1) only the middle tap counts, as a spike of
/// 1 whatever its plane counts: the others become +0 (decision 0054). `oihw`: the whole layer.
void keep_constant_gradient(const Layer& layer, Numerics numerics, int co0, int co1, float* oihw);

/// LUT PE columns and Acc trees of the Weight Update Engine: Eq. (3) for one sub-batch.
class WeightGradientArray {
 public:
  /// `tile` is part of the order of operations. Throws InputError unless sub_lut_inputs is 1..8.
  WeightGradientArray(const Layer& layer, const WeightUpdateSpec& array, TileSpec tile,
                      Numerics numerics, Evaluation evaluation = Evaluation::fast);

  /// grad-w of output channels co0..co0+co_count and input channels ci0..ci0+ci_count, written to
  /// `oihw` (the whole layer, [cout][cin][ky][kx]); `input` as the Forward Engine read it (batch
  /// maps if static, else batch*steps), `grad_u` with batch*steps maps of cout channels at
  /// out_h x out_w. Ranges may be computed in any order or concurrently with the same bits.
  /// Returns how many weights' gradients are zero since a plane's sum times its value became zero
  /// (fp16; 0 under fp32).
  std::uint64_t run(int batch, int steps, const BitMap& input, const ValueMap& grad_u, int co0,
                    int co_count, int ci0, int ci_count, float* oihw) const;

 private:
  /// What fills one row of sub-LUTs: an output position of one sample.
  struct Source {
    int sample, y, x;
  };
  /// One call of run().
  struct Job {
    int batch, steps;
    const BitMap* input;
    const ValueMap* grad_u;
    int co0, co_count;
    int c0, channels;                   ///< input channels*
    RawVector<std::uint16_t> nonzeros;  ///< [map][y][x][word]: the gradients that are not zero
    std::size_t co_words() const { return ceil_div(static_cast<std::size_t>(co_count), 16); }
    // With tables:
    int merge = 0;   ///< 2^merge sub-LUTs of a timestep share a table
    int blocks = 0;  ///< of kLanes output channels
    std::size_t sums_per_block = 0;
    AlignedVector<unsigned char> sums;    ///< [block][channel*][tap][lane] cells
    std::vector<std::uint8_t> addresses;  ///< [group of 8 leaves][channel*][tap][8]
    AlignedVector<unsigned char> tables;  ///< of one block, [step][table]
    AlignedVector<float> grads;
    AlignedVector<unsigned char> nodes;
    SubtreeTable subtree;
  };

  /// Calls visit(sources, step0, steps) for what shares one Acc tree, in the order of accumulation.
  template <class Visit>
  void for_groups(int batch, int steps, Visit visit) const;
  void plan_tables(Job& job) const;
  void run_group(Job& job, const std::vector<Source>& sources, int step0, int steps) const;
  bool fill_tables(Job& job, int block, const std::vector<Source>& sources, int step0, int steps,
                   int address_bits) const;
  void fill_addresses(Job& job, const std::vector<Source>& sources, int step0, int steps) const;
  std::uint64_t write_out(const Job& job, float* oihw) const;
  std::uint64_t by_gradients(const Job& job, float* oihw) const;
  std::uint64_t write_channel(const Job& job, int co, const float* sums, float* oihw) const;
  void find_nonzeros(Job& job) const;
  /// Terms of one tree, at most.
  std::size_t tree_terms() const { return static_cast<std::size_t>(rows_) * sub_luts_ * inputs_; }
  std::size_t batch_terms() const;
  void add_group(const Job& job, const std::vector<Source>& sources, int step0, int steps,
                 std::vector<TreeProgram>& programs) const;

  Layer layer_;
  int rows_, sub_luts_, inputs_;  // FC: a sub-LUT is one sample's single value
  TileSpec tile_;
  Evaluation evaluation_;
  const VectorOps* ops_;
  std::optional<Fp32WeightGradient> fp32_;  // evaluates instead of the tables
};

}  // namespace h2
