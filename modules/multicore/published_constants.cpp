// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/published_constants.h"

namespace h2 {

double synapse_energy(const CoreCosts& costs, CoreReading reading, double dram_bytes) {
  constexpr int kTaps = 9;    // of a window, whose sum stays in a register
  constexpr int kPasses = 3;  // forward, backward, weight gradient
  constexpr int kReadWrite = 2;
  double energy = costs.synapse();
  if (reading == CoreReading::arithmetic) return energy;
  energy += kPasses * kReadWrite * costs.register_access;
  energy += kReadWrite * (costs.forward_sum + costs.backward_sum + costs.weight_sum) / kTaps;
  if (reading == CoreReading::dram) energy += 8 * dram_bytes * costs.dram_bit;
  return energy;
}

const std::vector<GpuKernel>& gpu_kernels(bool fused) {
  static const std::vector<GpuKernel> one_each{
      {"convolution: spikes, sums", 2, 2},
      {"decay: u, u", 2, 2},
      {"reset: u, spikes, u", 4, 2},
      {"integration: u, sums, u", 4, 2},
      {"threshold: u, spikes", 2, 2},
      {"surrogate: u, mask", 2, 2},
      {"product: grad-s, mask, grad-u", 4, 2},
      {"decay of grad-u through time: grad-u, spikes, grad-u", 4, 2},
      {"sum over time: grad-u, grad-u, grad-u", 4, 2},
      {"gradient of the input: grad-u, grad-s", 2, 2},
      {"gradient of the weights: spikes, grad-u", 4, 0}};
  static const std::vector<GpuKernel> all_in_one{
      {"convolution: spikes, sums", 2, 2},
      {"neuron, all timesteps: sums, u and spikes", 2, 4},
      {"its gradient, all timesteps: grad-s, u, grad-u", 4, 2},
      {"gradient of the input: grad-u, grad-s", 2, 2},
      {"gradient of the weights: spikes, grad-u", 4, 0}};
  return fused ? all_in_one : one_each;
}

double gpu_bytes(bool fused) {
  double sum = 0;
  for (const GpuKernel& k : gpu_kernels(fused)) sum += k.read_bytes + k.written_bytes;
  return sum;
}

}  // namespace h2
