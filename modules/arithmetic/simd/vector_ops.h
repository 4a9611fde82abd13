// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/arithmetic/range_count.h"
#include "modules/base/numerics.h"

// The arithmetic of the kernels, compiled once per instruction set. Everything here takes plain
// pointers and has internal linkage, so that no inline code shared with other files is compiled for
// an instruction set the machine may lack.
// A vector is `kLanes` channels side by side; every operation acts on each lane alone.

namespace h2 {

constexpr int kLanes = 16;

/// Instruction sets the kernels are compiled for.
enum class Isa { plain, avx2, avx512, avx512fp16 };

/// Entries from one table to the next. Two more than needed: the often read low entries of many
/// tables would otherwise share a few cache sets.
static constexpr std::size_t table_pitch(int address_bits) {
  return (std::size_t{1} << address_bits) + 2;
}

/// Sums over one aligned binary tree per output: sums[i] += tree(addresses[i]), i < count.
struct TreeArgs {
  /// [leaf][table_pitch(address_bits)][kLanes] entries in the storage format, or, for direct
  /// evaluation, [leaf][address_bits][kLanes] float weights.
  const void* tables = nullptr;
  int address_bits = 0;
  int leaves = 0;
  /// [group of 8 leaves][count][8]: one byte per leaf, so that what is read next lies behind.
  const std::uint8_t* addresses = nullptr;
  int count = 0;
  void* sums = nullptr;   ///< [count][kLanes] cells
  void* nodes = nullptr;  ///< tree_nodes(leaves) cells of scratch
};
static inline std::size_t address_bytes(int leaves, std::size_t count) {
  return static_cast<std::size_t>((leaves + 7) / 8) * 8 * count;
}
/// Outputs whose subtrees wait in `nodes` at once: on every level of the tree one per output.
constexpr int kTreeOutputs = 256;
static inline std::size_t tree_nodes(int leaves) {
  std::size_t levels = 1;
  while (8 << levels < leaves) ++levels;
  return levels * kTreeOutputs * kLanes;
}

/// One non-zero term of a sum: which row of an operand counts, and its factor.
struct Term {
  std::uint32_t row;
  float value;  ///< products of trees: its bits are the factor in the form of the arrays
};
/// node[left] += node[right]. Nodes are the products of a batch, by number.
struct Join {
  std::uint16_t left, right;
};
/// A whole tree: sum number `output` gains node number `node`.
struct Root {
  std::uint32_t output, node;
};
/// Ends of one batch of trees in the lists of products, joins and roots; it begins where the one
/// before ends.
struct TreeBatch {
  std::uint32_t products = 0, joins = 0, roots = 0;
};
/// Bytes of nodes that a batch may take unless it is a single tree: they stay in a level-1 cache.
constexpr int kBatchBytes = 16384;
/// Not the number of a node: a tree has fewer products.
constexpr std::uint32_t kNoNode = 65535;

/// Lists the trees of one block of rows: a leaf is a row, its terms the taps whose factor is not
/// zero, ascending; a tree is what one output sees.
struct TreeListArgs {
  const Term* factors = nullptr;  ///< that are not zero, `row` counted in the block
  const std::uint32_t* starts =
      nullptr;  ///< [place], `start_pitch` apart, each followed by its end
  std::size_t start_pitch = 1;
  const int* places = nullptr;  ///< [output][tap], or -1
  int taps = 0;
  int row_bits = 4;  ///< 2^row_bits rows hold a block; taps times as many are less than kNoNode
  int outputs = 0;
  int batch_products = 0;           ///< see kBatchBytes
  std::uint32_t* leaves = nullptr;  ///< kLanes << row_bits of scratch, all kNoNode
  /// The lists, with room for every factor times `taps` products, kLanes products and joins more,
  /// and `outputs` roots and batches.
  Term* products = nullptr;  ///< row: (tap << row_bits) + row
  Join* joins = nullptr;
  Root* roots = nullptr;
  TreeBatch* batches = nullptr;  ///< the last one; the next lie behind it
};

/// fp16: adds the trees of some batches to their sums.
struct ProductTreeArgs {
  const Term* products = nullptr;
  const Join* joins = nullptr;
  const Root* roots = nullptr;
  const TreeBatch* batches = nullptr;  ///< the one before the first, then `count`
  int count = 0;
  const void* rows = nullptr;  ///< [row][blocks*kLanes] entries in the storage format
  bool fits = false;           ///< no product overflows
  int blocks = 1;
  void* nodes = nullptr;  ///< [product of a batch][blocks*kLanes] cells of scratch
  void* sums = nullptr;   ///< [output][blocks*kLanes] cells
};

/// fp16: sums[i] += tree over the rows; a leaf sums factor * row over the taps it sees, ascending.
struct WindowTreeArgs {
  /// [output][row][tap_words]: bit = tap whose factor is not zero.
  const std::uint16_t* seen = nullptr;
  int tap_words = 1;
  const int* places = nullptr;            ///< [output][tap], of the factors
  const float* const* factors = nullptr;  ///< [place] -> [row]
  const void* weights = nullptr;          ///< [tap][row_pitch][blocks*kLanes], storage format
  bool fits = false;                      ///< no product overflows
  int rows = 0, row_pitch = 0, taps = 0;
  int outputs = 0;
  int blocks = 1;
  void* sums = nullptr;  ///< [outputs][blocks*kLanes] cells
};

/// fp16: the same with all products, of finite weights.
struct DenseTreeArgs {
  const float* factors = nullptr;  ///< [place][row_pitch], in the form of the arrays
  const int* offsets = nullptr;    ///< [output][tap], of a place's first factor
  const void* weights = nullptr;   ///< [tap][row_pitch][blocks*kLanes], storage format
  int rows = 0, row_pitch = 0, taps = 0;
  int outputs = 0;
  int blocks = 1;
  void* sums = nullptr;  ///< [outputs][blocks*kLanes] cells
};

/// fp16: sums += the trees of the batches, in order; a term is the value in lanes whose spike bit
/// is set.
struct SelectTreeArgs {
  const Term* terms = nullptr;  ///< row: index of the first word
  const Join* joins = nullptr;
  const std::uint32_t* roots = nullptr;  ///< the node that is a whole tree
  const TreeBatch* batches = nullptr;    ///< the one before the first, then `count`
  int count = 0;
  const std::uint16_t* words = nullptr;
  int blocks = 1;
  void* nodes = nullptr;  ///< [term of a batch][blocks*kLanes] cells of scratch
  void* sums = nullptr;   ///< [blocks*kLanes] cells
};

/// Part of a list of events: from the one numbered starts[begin] to the one numbered starts[end];
/// event e selects operand row e + shift*channels.
struct Run {
  std::uint32_t begin = 0, end = 0;
  std::int32_t shift = 0;
};

/// fp32: sums[i] += the operand rows that the events of its run select, in order.
template <class Event>
struct EventSumArgs {
  const Run* runs = nullptr;              ///< one per output, `run_pitch` apart
  const std::uint32_t* starts = nullptr;  ///< in `events`
  const Event* events = nullptr;
  const float* rows = nullptr;  ///< [row][blocks*kLanes]
  int channels = 1;
  int run_pitch = 1;
  int outputs = 0;
  int blocks = 1;
  float* sums = nullptr;  ///< [outputs][blocks*kLanes]
};
/// An event counts once, or times its value.
using RowSumArgs = EventSumArgs<std::uint32_t>;
using ProductSumArgs = EventSumArgs<Term>;

/// fp32: lane c of sums += value of every term whose spike word `words[row]...` has bit c set.
struct SelectSumArgs {
  const Term* terms = nullptr;  ///< row: index of the first word
  int count = 0;
  const std::uint16_t* words = nullptr;
  int blocks = 1;
  void* sums = nullptr;  ///< [blocks*kLanes] floats
};

/// One sample, position and block of up to kLanes channels of Soma over all timesteps.
struct SomaArgs {
  NeuronSpec neuron;
  int steps = 1;
  int channels = kLanes;
  int first_bit =
      0;  ///< of the channels in the words of spikes and mask; the others are left alone
  const float* sums = nullptr;
  std::size_t sums_step = 0;  ///< floats from one timestep to the next; 0 for a static input
  float* u = nullptr;
  std::size_t u_step = 0;
  std::uint16_t* spikes = nullptr;
  std::uint16_t* mask = nullptr;
  std::size_t word_step = 0;
  RangeCount* range = nullptr;  ///< gains what is found
};

/// The same for Grad, any number of channels. `spatial` null: the term is +0.
struct GradArgs {
  NeuronSpec neuron;
  int steps = 1;
  int channels = kLanes;
  const float* spatial = nullptr;
  std::size_t spatial_step = 0;
  bool quarter = false;           ///< the spatial term counts a quarter
  const float* slopes = nullptr;  ///< in place of beta, if not null
  std::size_t slope_step = 0;
  const float* direct = nullptr;  ///< added to grad_u, if not null
  const float* u = nullptr;
  float* grad_u = nullptr;
  std::size_t value_step = 0;  ///< of u, grad_u and direct
  const std::uint16_t* spikes = nullptr;
  const std::uint16_t* mask = nullptr;
  std::uint16_t* nonzero = nullptr;
  std::size_t word_step = 0;
  RangeCount* range = nullptr;
};

/// One instruction set and one numerics. `n` counts floats and may be any number.
struct VectorOps {
  std::size_t entry_bytes;  ///< of one lane of a stored table entry
  std::size_t cell_bytes;   ///< of one lane of a sum or node in memory; all zero bits are +0

  /// out = in * factor.
  void (*scale)(const float* in, float factor, float* out, std::size_t n);
  /// sum = sum + add.
  void (*add)(const float* add, float* sum, std::size_t n);
  /// out = ((a + b) + (c + d)) * 0.25.
  void (*average)(const float* a, const float* b, const float* c, const float* d, float* out,
                  std::size_t n);
  /// out = ((+0 + v acc_0) + 2v acc_1) + 4v acc_2 ..., v = `lowest`; n is a multiple of kLanes.
  /// Returns how many sums are zero of which a product became zero.
  std::size_t (*combine_planes)(const float* acc, std::size_t plane_stride, int planes,
                                float lowest, float* out, std::size_t n);

  /// FP16 bits at any address to float, exact, and back, rounded: `rows` rows of n values, one
  /// after the other in memory and `stride` floats apart. The same in both numerics.
  void (*from_half)(const std::uint8_t* in, float* out, std::size_t n, std::size_t rows,
                    std::size_t stride);
  void (*to_half)(const float* in, std::uint8_t* out, std::size_t n, std::size_t rows,
                  std::size_t stride);
  /// The same for rows of 16 values: a mask for each, `mask_stride` words apart, marks those in
  /// memory; the others are 0. Both return where they ended, and touch up to 16 values more there.
  std::uint16_t* (*pack_half)(const float* in, std::size_t stride, const std::uint16_t* masks,
                              std::size_t mask_stride, std::size_t rows, std::uint16_t* out);
  const std::uint16_t* (*unpack_half)(const std::uint16_t* in, const std::uint16_t* masks,
                                      std::size_t mask_stride, float* out, std::size_t stride,
                                      std::size_t rows);

  /// Bit c of word c/16 of `out`: in[c] is not zero.
  void (*nonzero)(const float* in, std::size_t n, std::uint16_t* out);

  /// Appends first + c for every set bit c of `count` words, ascending; may write kLanes entries
  /// too many. Returns the end.
  std::uint32_t* (*list_ones)(const std::uint16_t* words, int count, std::uint32_t first,
                              std::uint32_t* out);
  /// Appends {first + c, in[c]} for every in[c] that is not zero; may write kLanes terms too many.
  Term* (*list_nonzeros)(const float* in, std::size_t n, std::uint32_t first, Term* out);

  /// out[e] = sum, from +0, of the weights of e's set bits in ascending order; e < 2^bits.
  void (*leaf_table)(const float* weights, int bits, float* out);
  /// out[eb << a_bits | ea] = a[ea] + b[eb]: the table of two neighbouring leaves or subtrees.
  void (*merge_tables)(const float* a, int a_bits, const float* b, int b_bits, float* out);
  /// Table entries in the storage format; exact.
  void (*store_entries)(const float* in, std::size_t entries, void* out);

  /// Sums as floats; n is a multiple of kLanes.
  void (*read_cells)(const void* cells, float* out, std::size_t n);

  void (*tree_tables)(const TreeArgs&);
  void (*tree_direct)(const TreeArgs&);
  /// Lists {c - the first of its block, in[c] as a factor} for every in[c] that is not zero, blocks
  /// of `rows`, from list[starts[0]] on; starts[i + 1]: end of block i. May write kLanes too many.
  /// `largest` grows to the largest magnitude where that decides whether products overflow.
  void (*list_factors)(const float* in, std::size_t n, std::size_t rows, Term* list,
                       std::uint32_t* starts, float* largest);
  /// Values to factors, as list_factors gives them.
  void (*make_factors)(Term* terms, std::size_t n);
  void (*pack_factors)(const float* in, std::size_t n, float* out);
  /// The largest magnitude of the values and `known`; a NaN is beyond all.
  float (*largest)(const float* in, std::size_t n, float known);
  /// Returns the last batch.
  TreeBatch* (*list_trees)(const TreeListArgs&);
  void (*product_trees)(const ProductTreeArgs&);
  void (*window_trees)(const WindowTreeArgs&);
  void (*dense_trees)(const DenseTreeArgs&);  ///< null where leaving out zeros is always faster
  void (*select_trees)(const SelectTreeArgs&);
  /// Sums in any grouping of work, each in one fixed order: numerics fp32 only.
  void (*row_sums)(const RowSumArgs&);
  void (*product_sums)(const ProductSumArgs&);
  void (*select_sums)(const SelectSumArgs&);
  void (*soma)(const SomaArgs&);
  void (*grad)(const GradArgs&);
};

/// Largest `blocks` of any arguments.
constexpr int kMaxBlocks = 4;

}  // namespace h2
