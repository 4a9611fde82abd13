#pragma once

#include <cstddef>
#include <cstdint>

#include "modules/machine.h"

// The arithmetic of the kernels, compiled once per instruction set. Everything here takes plain
// pointers, so that no inline library code is compiled for an instruction set the machine may lack.
// A vector is `kLanes` channels side by side; every operation acts on each lane alone.

namespace h2 {

constexpr int kLanes = 16;

/// Instruction sets the kernels are compiled for.
enum class Isa { plain, avx2 };

/// Entries from one table to the next. Two more than needed: the often read low entries of many
/// tables would otherwise share a few cache sets.
constexpr std::size_t table_pitch(int address_bits) { return (std::size_t{1} << address_bits) + 2; }

/// Sums over one aligned binary tree per output: sums[i] += tree(addresses[i]), i < count.
struct TreeArgs {
  /// [leaf][table_pitch(address_bits)][kLanes] entries in the storage format, or, for direct
  /// evaluation, [leaf][address_bits][kLanes] float weights.
  const void* tables = nullptr;
  int address_bits = 0;
  int leaves = 0;
  const std::uint8_t* addresses = nullptr;  ///< [count][stride], one byte per leaf
  int stride = 0;                           ///< multiple of 8, at least `leaves`
  int count = 0;
  bool skip_zero = true;  ///< entry 0 of every table is +0
  float* sums = nullptr;  ///< [count][kLanes]
};

/// One output position of the Backward Engine and one block of rows: psum += tree over rows.
struct WindowArgs {
  const float* grad = nullptr;          ///< [place][rows]: grad-u around the output
  const int* place = nullptr;           ///< per tap: where in `grad` it looks
  const std::uint64_t* taps = nullptr;  ///< [row][tap_words]: bit = tap with a non-zero grad-u
  int tap_words = 1;
  int rows = 0;
  const float* weights = nullptr;  ///< [row][tap][blocks*kLanes]
  std::size_t row_stride = 0;      ///< of `weights`, in floats
  int blocks = 1;                  ///< vectors side by side
  float* psum = nullptr;           ///< [blocks*kLanes]
};

/// One sample, position and block of up to kLanes channels of Soma over all timesteps.
struct SomaArgs {
  NeuronSpec neuron;
  int steps = 1;
  int channels = kLanes;
  const float* sums = nullptr;
  std::size_t sums_step = 0;  ///< floats from one timestep to the next; 0 for a static input
  float* u = nullptr;
  std::size_t u_step = 0;
  std::uint16_t* spikes = nullptr;
  std::uint16_t* mask = nullptr;
  std::size_t word_step = 0;
};

/// The same for Grad. `spatial` null: the term is +0.
struct GradArgs {
  NeuronSpec neuron;
  int steps = 1;
  int channels = kLanes;
  const float* spatial = nullptr;
  std::size_t spatial_step = 0;
  bool quarter = false;  ///< the spatial term counts a quarter
  const float* u = nullptr;
  float* grad_u = nullptr;
  std::size_t value_step = 0;  ///< of u and grad_u
  const std::uint16_t* spikes = nullptr;
  const std::uint16_t* mask = nullptr;
  std::uint16_t* nonzero = nullptr;
  std::size_t word_step = 0;
};

/// One instruction set and one numerics. `n` counts floats and may be any number.
struct Core {
  std::size_t entry_bytes;  ///< of one lane of a stored table entry

  /// out = in * factor.
  void (*scale)(const float* in, float factor, float* out, std::size_t n);
  /// sum = sum + add.
  void (*add)(const float* add, float* sum, std::size_t n);
  /// out = ((a + b) + (c + d)) * 0.25.
  void (*average)(const float* a, const float* b, const float* c, const float* d, float* out,
                  std::size_t n);
  /// out = ((+0 + 2^0 acc_0) + 2^1 acc_1) + ..., then times `scale` when there are several planes;
  /// n is a multiple of kLanes.
  void (*combine_planes)(const float* acc, std::size_t plane_stride, int planes, float scale,
                         float* out, std::size_t n);

  /// FP16 bits at any address to float, exact, and back, rounded. The same in both numerics.
  void (*from_half)(const std::uint8_t* in, float* out, std::size_t n);
  void (*to_half)(const float* in, std::uint8_t* out, std::size_t n);

  /// Bit c of word c/16 of `out`: in[c] is not zero.
  void (*nonzero)(const float* in, std::size_t n, std::uint16_t* out);

  /// out[e] = sum, from +0, of the weights of e's set bits in ascending order; e < 2^bits.
  void (*leaf_table)(const float* weights, int bits, float* out);
  /// out[eb << a_bits | ea] = a[ea] + b[eb]: the table of two neighbouring leaves or subtrees.
  void (*merge_tables)(const float* a, int a_bits, const float* b, int b_bits, float* out);
  /// Table entries in the storage format; exact.
  void (*store_entries)(const float* in, std::size_t entries, void* out);

  void (*tree_tables)(const TreeArgs&);
  void (*tree_direct)(const TreeArgs&);
  void (*window)(const WindowArgs&);
  void (*soma)(const SomaArgs&);
  void (*grad)(const GradArgs&);
};

/// Largest `blocks` of WindowArgs.
constexpr int kWindowBlocks = 4;

}  // namespace h2
