// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/arithmetic/subtree.h"
#include "modules/base/aligned.h"
#include "modules/base/ceil_div.h"
#include "modules/base/raw_vector.h"
#include "modules/h2learn/forward/forward_addresses.h"
#include "modules/h2learn/forward/fp32_forward.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// How the LUT arrays evaluate: through tables as the hardware does, or by adding the selected
/// entries' weights directly in the same order; the results agree bit for bit. `fast` is the tables
/// under fp16, and under fp32, where the order is free, the fastest order.
enum class Evaluation { fast, table, direct };

/// LUT PE columns and Acc trees of the Forward Engine: the spatial term of Eq. (1).
class ForwardArray {
 public:
  /// The layer, the array and the numerics fix the order of operations. Throws InputError unless
  /// sub_lut_inputs is 1..8.
  ForwardArray(const Layer& layer, const ForwardSpec& array, Numerics numerics,
               Evaluation evaluation = Evaluation::fast);

  /// Takes the weights of output channels co0..co0+count and fills their tables.
  /// `oihw` is the whole layer, [cout][cin][ky][kx].
  void load(const float* oihw, int co0, int count);

  /// What the arrays need of the spikes for one region of outputs. Independent of the weights:
  /// serves any number of runs, also at the same time.
  struct Input {
    int maps = 0;
    Region region;
    RawVector<std::uint8_t> addresses;  ///< [iteration][group of 8 tables][map][position][8]
    Fp32Forward::Input fp32;
  };
  /// `input` has cin_star channels at in_h x in_w.
  Input prepare(const BitMap& input, Region region) const;

  /// Spatial term of the loaded channels for every map at the output positions of the region.
  /// `sums` has input.maps maps of out_h x out_w; the loaded channels lie from `channel0` on, other
  /// channels and positions outside the region are left alone.
  void run(const Input& input, ValueMap& sums, int channel0 = 0) const;
  void run(const BitMap& input, Region region, ValueMap& sums) const {
    run(prepare(input, region), sums);
  }

  /// Flips one bit of one table entry (fault injection): `channel` of the loaded ones, `input` in
  /// 0..cin_star-1, `table` in 0..tables per input-1 (conv: taps / sub_lut_inputs, rounded up; FC:
  /// 1), `entry` in 0..2^(taps of that table)-1, `bit` in 0..15 (fp32: 31). Lasts until the next
  /// load(). Throws InputError naming the argument and its legal range, or without tables.
  void corrupt(int channel, int input, int table, int entry, int bit);

 private:
  /// One pass of the array: a block of input channels* and a chunk of taps.
  struct Iteration {
    int first_channel = 0, channels = 0;
    int chunk = 0;
    int tables = 0;
    std::size_t weights = 0;  ///< offset of its first weight, in floats
    std::size_t table = 0;    ///< offset of its first table, in entries
  };
  struct Fault {
    int block, lane, iteration, leaf, entry, bit;
  };

  TapChunk plan_chunk(int first_tap) const;
  void plan_iterations();
  void plan_weights(const Iteration& it, std::vector<int>& offsets) const;
  void pack_weights(const float* oihw, int co0);
  void fill_table(int block, const Iteration& iteration, int table);
  int fill_leaf(int block, const Iteration& iteration, int leaf, AlignedVector<float>& out) const;
  void write_out(const AlignedVector<float>& psums, const Input& input, ValueMap& sums,
                 int channel0) const;
  int blocks() const { return ceil_div(count_, kLanes); }

  Layer layer_;
  Numerics numerics_;
  Evaluation evaluation_;
  const VectorOps* ops_;
  std::optional<Fp32Forward> fp32_;  // evaluates instead of the tables
  int rows_, sub_luts_, inputs_;     // FC: one-tap leaves, all sub-LUTs of a PE as rows
  std::vector<TapChunk> chunks_;
  std::vector<Iteration> iterations_;
  std::size_t block_weights_ = 0, block_entries_ = 0;  // of one block of kLanes output channels

  int count_ = 0;                        // loaded output channels
  AlignedVector<float> weights_;         // [block][iteration][row][sub-LUT][input][lane]
  AlignedVector<unsigned char> tables_;  // [block][iteration][table][entry][lane], storage format
  std::vector<Fault> faults_;
  SubtreeTable subtree_;
};

}  // namespace h2
