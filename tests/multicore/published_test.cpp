// SPDX-License-Identifier: Apache-2.0
// Published constants: what each reading of them gives per watt, and the bytes of the GPU kernels.

#include <gtest/gtest.h>

#include "modules/multicore/published_constants.h"

namespace h2 {
namespace {

TEST(CorePublished, ReadingsOfTheConstants) {
  const CoreCosts costs;
  EXPECT_NEAR(costs.spike_mac(), .582, 5e-4);
  EXPECT_NEAR(costs.value_mac(), 1.360, 5e-4);
  EXPECT_NEAR(tflops_per_watt(synapse_energy(costs, CoreReading::arithmetic)), 2.38, .005);
  EXPECT_NEAR(tflops_per_watt(synapse_energy(costs, CoreReading::sums)), .92, .005);
  // 11 bytes per neuron and timestep, 1,192 synapses each.
  EXPECT_LT(synapse_energy(costs, CoreReading::sums),
            synapse_energy(costs, CoreReading::dram, 11. / 1192));
  EXPECT_NEAR(synapse_energy(costs, CoreReading::dram, 11. / 1192) -
                  synapse_energy(costs, CoreReading::sums),
              88 * 20.3125 / 1192, 1e-9);
}

TEST(CorePublished, BytesOfGpuKernels) {
  EXPECT_EQ(gpu_bytes(true), 24);
  EXPECT_EQ(gpu_bytes(false), 54);
}

}  // namespace
}  // namespace h2
