// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/network/network.h"

// What the public energy tool of SATA's authors computes for one training sample, with three faults
// of it put right: sums of fully connected layers add up, take part in sparsity, and the last layer
// counts. Numbers are in the tool's unit, in which a multiplication with an addition is 0.2779;
// only ratios mean anything.

namespace h2 {

/// Energy of a 16-bit operation or word.
struct SataCosts {
  double multiply = 0.239, accumulate = 0.0389, add = 0.00967, gate = 0.000794, compare = 0.00309,
         select = 0.00172, keep = 0.0301, shift = 0.00605;
  double dram = 55.58, glb = 1.95, pe = 0.2779;  ///< a word

  double spike_mac() const { return gate + accumulate; }
  double value_mac() const { return multiply + accumulate; }
  double lif() const { return add + compare + 2 * select + 3 * keep + shift; }
  double gradient_unit() const { return multiply + 2 * add + select + 2 * shift; }
};

/// Shares of operands that are not zero; 1: nothing is gated.
struct SataDensities {
  std::vector<double> spikes;  ///< that each layer reads
  double gradients = 1;        ///< of grad-u
  double surrogate = 1;        ///< neurons with a surrogate gradient
};

struct PublishedEnergy {
  double compute = 0, memory = 0;
  double total() const { return compute + memory; }
};

/// `samples` share the weights that DRAM moves: 1 as published.
PublishedEnergy spiking_energy(const std::vector<Layer>& layers, int steps,
                               const SataDensities& densities, const SataCosts& costs,
                               int samples = 1);
/// The same layers with ReLU on the same array: one timestep, products forward, activations of 16
/// bits, nothing gated.
PublishedEnergy relu_energy(const std::vector<Layer>& layers, const SataCosts& costs,
                            int samples = 1);

}  // namespace h2
