// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/base/rng.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// A random mask for runs without data: which bits are set depends on these fields only.
struct MaskDraw {
  int batch = 4;
  int steps = 10;
  int height = 1, width = 1, channels = 1;
  double density = 0.25;       ///< fraction of bits set, 0..1, kept to 2^-20
  bool by_sample = false;      ///< false: every bit on its own; true: some samples carry all
  double sample_fraction = 1;  ///< of the samples that carry, (0, 1]
  std::uint64_t seed = 1;
  RandomStream random = RandomStream::masks;
  std::uint64_t stream = 0;  ///< bits: one per layer, kind and sub-batch
  std::uint64_t sample_stream =
      0;  ///< carrying samples: one per sub-batch, the same for all layers
};

/// Draws the mask, map = sample*steps + t. With `by_sample` a carrying sample has
/// density/sample_fraction of its bits set, at most all: a density above the fraction comes out as
/// the fraction. Each sub-batch has floor or ceil of sample_fraction*batch carrying samples, the
/// fraction on average. Throws InputError for a density or fraction out of range.
BitMap draw_mask(const MaskDraw& draw);
/// The same without instructions that the processor may lack.
BitMap draw_mask_portable(const MaskDraw& draw);

}  // namespace h2
