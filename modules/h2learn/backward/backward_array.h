// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/base/aligned.h"
#include "modules/base/ceil_div.h"
#include "modules/base/raw_vector.h"
#include "modules/h2learn/backward/fp32_backward.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// PE groups and Acc trees of the Backward Engine: the spatial term of Eq. (2), which takes grad-u
/// of `above` (the layer that owns the weights) to the map `above` reads.
class BackwardArray {
 public:
  BackwardArray(const Layer& above, const BackwardSpec& array, Numerics numerics);

  /// Takes the weights towards input channels ci0..ci0+count. `oihw` is the whole layer `above`.
  void load(const float* oihw, int ci0, int count);

  /// What the array needs of grad-u for one region of the in_h x in_w map. Independent of the
  /// weights: serves any number of runs, also at the same time. Refers to grad-u.
  struct Input {
    const ValueMap* grad_u = nullptr;
    Region region;
    float largest = 0.0F;    ///< magnitude of the gradients there, if that matters
    Region reach;            ///< positions of grad-u that the region's windows see
    std::vector<int> place;  ///< [position][conv ID]: in `reach`, or -1: outside or stuffed
    std::vector<std::uint16_t> bits;  ///< [block of rows][map][place][word]: the non-zero ones
    std::vector<std::uint16_t> seen;  ///< [block of rows][map][position][row][word]: its taps
    /// If non-zeros are few: the trees of all windows, and per block of rows and map the batches.
    RawVector<Term> products;
    RawVector<Join> joins;
    RawVector<Root> roots;
    RawVector<TreeBatch> batches;  ///< the first ends where the lists begin
    std::vector<std::uint32_t> ends;
    Fp32Backward::Input fp32;
  };
  /// `grad_u` has above.cout channels at above.out_h x above.out_w.
  Input prepare(const ValueMap& grad_u, Region region) const;

  /// Writes the loaded channels at the positions of the region to `sums`, from `channel0` on; other
  /// channels are left alone. Zero gradients are skipped, which never changes a bit.
  void run(const Input& input, ValueMap& sums, int channel0 = 0) const;
  void run(const ValueMap& grad_u, Region region, ValueMap& sums) const {
    run(prepare(grad_u, region), sums);
  }

 private:
  /// Channels of the lower layer computed side by side.
  struct Group {
    int first = 0, blocks = 0;  ///< first loaded channel, blocks of kLanes channels
    /// [block of rows][conv ID][1 << row_bits][blocks*kLanes], storage format
    AlignedVector<unsigned char> weights;
  };

  /// The gradients that are not zero, and where those of [map][place][block of rows] start.
  struct Factors {
    RawVector<Term> list;
    RawVector<std::uint32_t> starts;
  };

  int row_blocks() const { return ceil_div(above_.cout, rows_); }
  int row_words() const { return ceil_div(rows_, 16); }
  /// Rows of a block take 2^row_bits places among the weights.
  int row_bits() const;
  std::size_t block_rows() const { return static_cast<std::size_t>(above_.taps()) << row_bits(); }
  int tap_words() const { return ceil_div(above_.taps(), 16); }
  void plan_windows(Input& input) const;
  void find_factors(Input& input, Factors& factors) const;
  void find_bits(Input& input) const;
  void see_all(Input& input) const;
  void see_window(const int* place, const std::uint16_t* bits, int rows, std::uint16_t* seen) const;
  void see_windows(const Input& input, int map, int row0, std::uint16_t* seen) const;
  std::vector<const float*> factors(const Input& input, int map, int row0) const;
  void list_trees(Input& input, const Factors& factors) const;
  void pack(const float* oihw, int ci, int used, Group& group);
  bool fits(const Input& input) const;
  const void* weights(const Group& group, int row0) const;
  template <class Add>
  void for_trees(const Input& input, Add add) const;
  using Cells = AlignedVector<unsigned char>;
  void run_lists(const Input& input, std::vector<Cells>& sums) const;
  void run_dense(const Input& input, std::vector<Cells>& sums) const;
  void run_windows(const Input& input, std::vector<Cells>& sums) const;
  void write_out(const Group& group, const Cells& cells, Region region, ValueMap& sums,
                 int channel0) const;

  Layer above_;
  int rows_;
  const VectorOps* ops_;
  std::optional<Fp32Backward> fp32_;  // evaluates instead of the trees
  int count_ = 0;
  float largest_ = 0.0F;  // magnitude of the loaded weights
  std::vector<Group> groups_;
};

}  // namespace h2
