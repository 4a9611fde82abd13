// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/network/network.h"

// Published 32 nm constants of the multi-core trainer, as its authors' energy tool has them, and
// what a training step costs in several readings of them. MULTICORE.md says where they come from.

namespace h2 {

/// Picojoules.
struct CoreCosts {
  // Operations of 16 bits.
  double add = 0.548, multiply = 0.812, compare = 0.056, root = 0.514, select = 0.034;
  double register_access = 0.0406;  ///< 16 bits
  // SRAM, 16 bits at a time: sums of the forward, backward and weight gradient engine.
  double forward_sum = 5.79, backward_sum = 5.79, weight_sum = 5.30;
  double dram_bit = 1300.0 / 64;

  /// A spike's weight, or grad-u, is added where there is a spike.
  double spike_mac() const { return select + add; }
  double value_mac() const { return multiply + add; }
  /// One synapse in the three passes.
  double synapse() const { return 2 * spike_mac() + value_mac(); }
};

/// What is counted.
enum class CoreReading {
  arithmetic,  ///< additions and products alone
  sums,        ///< also the sum: a register per operation, SRAM every 9 taps
  dram         ///< also `dram_bytes`
};

/// Picojoules of one synapse and timestep in all passes: six floating-point operations.
/// `dram_bytes`: per synapse and timestep.
double synapse_energy(const CoreCosts& costs, CoreReading reading, double dram_bytes = 0);
/// Tera floating-point operations per second and watt.
inline double tflops_per_watt(double synapse_pj) { return 6 / synapse_pj; }

/// A kernel of a GPU that trains the same layer: bytes per neuron and timestep that it reads and
/// writes in its memory, FP16.
struct GpuKernel {
  const char* name;
  double read_bytes, written_bytes;
};
/// One kernel per operation of the neuron's equations, or one for all timesteps in each direction.
const std::vector<GpuKernel>& gpu_kernels(bool fused);
double gpu_bytes(bool fused);

}  // namespace h2
