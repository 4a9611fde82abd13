// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "modules/base/error.h"
#include "modules/spinalflow/spinal_events.h"
#include "modules/spinalflow/spinal_table.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/spinal_profile.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

Config profile_config(const Sets& sets = {}) {
  Sets all{{"accelerator", "spinalflow"},
           {"clock_mhz", "200"},
           {"network.layers", "8C3(Encoding)-12C3-AP2-140C3-10FC"},
           {"network.pool", "before_soma"},
           {"network.input.height", "8"},
           {"network.input.width", "8"},
           {"network.timesteps", "5"},
           {"training.sub_batch", "2"},
           {"profile.sub_batches", "2"},
           {"profile.spike_density", "0.2"},
           {"memory.dram.channels", "1"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return tiny_config(all);
}

RunRecord profile(const Config& config) {
  RunRecord record;
  Bench bench(config);
  SpinalProfile program(config, bench.platform, record);
  bench.run([&](HostCpu& host) { program(host); });
  return record;
}

/// Rows of a layer: spikes of the drawn input in the windows of every output, counted bit by bit;
/// `first`: the first spike of a neuron alone.
std::uint64_t rows_of(const Config& config, int layer, bool first) {
  const Layer& l = config.network.layers[layer];
  const int kernel = l.kind == LayerKind::conv ? l.kernel : 0;
  std::uint64_t rows = 0;
  for (std::uint64_t n = 0; n < 2; ++n) {
    const DrawnMasks drawn(config, n);
    const BitMap& in = drawn.spikes(layer - 1);
    std::set<std::tuple<int, int, int, int>> seen;
    for (int map = 0; map < in.maps; ++map) {
      for (int y = 0; y < in.height; ++y) {
        for (int x = 0; x < in.width; ++x) {
          for (int c = 0; c < in.channels; ++c) {
            if (!in.get(map, y, x, c)) continue;
            if (first && !seen.insert({map / 5, y, x, c}).second) continue;
            // Windows of a 3 x 3 kernel with a border of one that contain the position.
            const auto windows = [&](int at, int side) {
              return std::min(at + 1, side - 1) - std::max(at - 1, 0) + 1;
            };
            rows += kernel == 0 ? 1 : windows(y, in.height) * windows(x, in.width);
          }
        }
      }
    }
  }
  return rows * ((l.cout + 127) / 128);
}

TEST(SpinalProfile, EveryLayerTakesTheSpikesThatAreDrawn) {
  for (const bool first : {false, true}) {
    const Config config = profile_config({{"spinalflow.one_spike", first ? "true" : "false"}});
    const RunRecord record = profile(config);
    EXPECT_EQ(record.samples, 4U);
    EXPECT_EQ(record.sub_batches, 2U);
    ASSERT_EQ(record.warnings.size(), 1U);
    EXPECT_EQ(record.warnings.front().text,
              "conv1 reads pixels and is left out: SpinalFlow takes spikes only");
    std::set<std::string> names;
    for (const auto& [key, cost] : record.layers) {
      names.insert(cost.last.layer);
      EXPECT_EQ(cost.total.events[kRowReads], rows_of(config, key.layer, first))
          << cost.last.layer << ", first spikes " << first;
    }
    EXPECT_EQ(names, (std::set<std::string>{"conv2", "conv3", "fc1"}));
  }
}

TEST(SpinalProfile, NeedsALayerThatReadsSpikes) {
  const Config config = profile_config(
      {{"network.layers", "8C3(Encoding)-AP2-10FC"}, {"network.pool", "after_soma"}});
  Bench bench(config);
  RunRecord record;
  EXPECT_THROW(SpinalProfile(config, bench.platform, record), InputError);
}

}  // namespace
}  // namespace h2
