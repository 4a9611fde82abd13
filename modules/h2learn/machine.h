// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/base/numerics.h"
#include "modules/network/tile_spec.h"

namespace h2 {

/// Which zeros the Backward Engine skips (paper IV-B3, Fig. 13).
enum class Sparsity { none, input, output, both };

/// Forward Engine array (paper Table VII).
struct ForwardSpec {
  int rows = 64;           ///< input channels per grid iteration
  int cols = 16;           ///< output channels per grid iteration
  int sub_luts = 3;        ///< sub-LUTs of one PE
  int sub_lut_inputs = 3;  ///< spikes that address one sub-LUT; 2^inputs entries
  int parallelism = 4;     ///< lanes: samples served at once
  int soma_lanes = 4;      ///< potentials one Soma takes per cycle
  bool lut = true;         ///< false: plain adders, same throughput, no table fill

  int taps() const { return sub_luts * sub_lut_inputs; }
};

/// Weight Update Engine array (paper Table VII).
struct WeightUpdateSpec {
  int rows = 10;   ///< timesteps per grid iteration
  int cols = 128;  ///< output channels per grid iteration
  int sub_luts = 2;
  int sub_lut_inputs = 4;  ///< output positions whose grad-u fill one sub-LUT
  int parallelism = 4;     ///< lanes: input channels or kernel offsets served at once
  bool lut = true;

  int positions() const { return sub_luts * sub_lut_inputs; }
};

/// Backward Engine array (paper Table VII).
struct BackwardSpec {
  int rows = 16;  ///< channels of grad-u of the layer above
  int cols = 64;  ///< channels of the layer whose gradient is computed
  int group = 4;  ///< PEs that share one tile
  Sparsity sparsity = Sparsity::both;
  int empty_window_cycles = 0;  ///< cost of an output without any valid tap
  int tile_fill_cycles = 4;     ///< pipeline fill per tile
  int grad_lanes = 4;           ///< outputs one Grad takes per cycle
};

/// What becomes of the rows and columns of neighbouring tiles that a tile needs.
enum class Halo {
  refetch,  ///< read again with every tile, as the 10x10 tiles of the published buffers hold them
  free      ///< read once per pass and kept without being charged: no buffer of the sums is for it
};

/// Loops of the Backward Engine through convolutions.
enum class BackwardOrder {
  text,      ///< for 64 channels { for tile { for 16 channels of the layer above } } (V-B3)
  automatic  ///< per layer what reads least and fits the buffer: BackwardCosts::least()
};

/// When the Weight Update Engine computes grad-w of fully connected layers.
enum class FcGradient {
  per_sub_batch,  ///< for each, adding to the sum in Mem2
  per_group       ///< behind the last of a batch group, from the vectors of all in Mem2
};

/// Capacities of the global buffers in bytes (paper Table VII, KB = 1024 B).
struct GlbSpec {
  std::uint64_t forward = 515072;
  std::uint64_t weight_update = 2748416;
  std::uint64_t backward = 4956672;
};

/// Everything about the accelerator itself that shapes results or cycles.
struct Machine {
  double clock_mhz = 800.0;
  ForwardSpec forward;
  WeightUpdateSpec weight_update;
  BackwardSpec backward;
  TileSpec tile;
  GlbSpec glb;
  Halo halo = Halo::refetch;
  BackwardOrder backward_order = BackwardOrder::text;
  /// Partial sums kept per position in the Backward Engine, at most one per PE of a group.
  int psum_copies = 4;
  FcGradient fc_weight_gradient = FcGradient::per_sub_batch;
  Numerics numerics = Numerics::fp16;
  bool extensions = false;  ///< what the paper's machine does not do is accepted
};

}  // namespace h2
