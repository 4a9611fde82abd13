// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/network/network.h"

namespace h2 {

/// 16-bit words that the published energy tool of SATA's authors counts for one layer of one phase.
/// It counts by layer shapes, whatever the sparsity, and leaves out the weights that a backward
/// pass reads and the spikes and gradients that a weight update reads from DRAM: the bytes of the
/// transactions, which stand beside these numbers in the results, contain them.
struct PublishedWords {
  std::uint64_t dram = 0, glb = 0, pe = 0;

  PublishedWords& operator+=(const PublishedWords& o) {
    dram += o.dram;
    glb += o.glb;
    pe += o.pe;
    return *this;
  }
};

/// With W weights, O outputs and I inputs of a timestep, T timesteps, an input being one bit
/// (`input_bits` 16, T = 1: an activation, I in place of I/16):
/// DRAM W + T(O + I/16), GLB twice as many, PE 2(W + T*I/16).
PublishedWords forward_words(const Layer& layer, int batch, int steps,
                             std::uint64_t input_bits = 1);
/// DRAM T(O + I/16), GLB 7TO + 2TI/16 + W, PE W + TO.
PublishedWords backward_words(const Layer& layer, int batch, int steps,
                              std::uint64_t input_bits = 1);
/// DRAM 2W, GLB 2(1+T)W + T(O + I/16), PE the same and 2TW.
PublishedWords weight_update_words(const Layer& layer, int batch, int steps,
                                   std::uint64_t input_bits = 1);

}  // namespace h2
