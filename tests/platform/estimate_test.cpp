// SPDX-License-Identifier: Apache-2.0
#include "platform/host/estimate.h"

#include <gtest/gtest.h>

#include "modules/base/error.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/profile.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

RunRecord profile(const Config& config) {
  Platform::Options options;
  options.masks = drawn_masks(config);
  Bench bench(config, options);
  RunRecord record;
  Profile program(config, bench.platform, record);
  bench.run([&](HostCpu& host) { program(host); });
  return record;
}

/// The estimate's sub-batch is the second of a simulated group: same jobs, same masks.
TEST(Estimate, IsTheWorkOfASimulatedSubBatch) {
  for (const char* layers : {"8C3(Encoding)-AP2-16C3-AP2-32FC-10FC", "8C3(Encoding)-16C3-10FC"}) {
    for (const char* compress : {"true", "false"}) {
      const Config config = tiny_config({{"network.layers", layers},
                                         {"memory.compress_gradients", compress},
                                         {"profile.sub_batches", "2"}});
      const Estimate estimate = estimate_sub_batch(config, place_network(config));
      Estimate simulated;
      simulated.compute_cycles.resize(3);
      simulated.bytes.resize(3);
      for (const LayerRecord& record : profile(config).jobs) {
        if (record.opcode == H2_OP_UPDATE) {
          simulated.update_bytes += record.job.bytes;
        } else if (record.sub_batch == 1) {
          simulated.compute_cycles[record.engine] += record.job.compute_cycles;
          simulated.bytes[record.engine] += record.job.bytes;
        }
      }
      EXPECT_EQ(estimate.compute_cycles, simulated.compute_cycles) << layers << compress;
      EXPECT_EQ(estimate.bytes, simulated.bytes) << layers << compress;
      EXPECT_EQ(estimate.update_bytes, simulated.update_bytes) << layers << compress;
    }
  }
}

TEST(Estimate, IsALowerBoundOfTheSimulatedTime) {
  for (const char* overlap : {"true", "false"}) {
    const Config config =
        tiny_config({{"pipeline.overlap", overlap}, {"profile.sub_batches", "4"}});
    const double bound =
        estimate_sub_batch(config, place_network(config)).cycles_per_sub_batch(config);
    EXPECT_GT(bound, 0);
    EXPECT_LE(bound, profile(config).steady_cycles_per_sub_batch);
  }
}

TEST(Estimate, SaysWhatDoesNotFit) {
  Config config = tiny_config();
  config.memory.bytes = 65536;
  EXPECT_THROW(place_network(config), InputError);
}

}  // namespace
}  // namespace h2
