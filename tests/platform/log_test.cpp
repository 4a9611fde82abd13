// SPDX-License-Identifier: Apache-2.0
#include "traces/record/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "modules/base/error.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

struct Messages {
  std::vector<std::string> lines;
  std::uint64_t jobs = 0, interrupts = 0, bursts = 0;

  std::uint64_t count(const std::string& text) const {
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }
};

/// A small training with what `patterns` ask for.
Messages train_with(std::vector<Log::Pattern> patterns) {
  const Config config = with_probes(tiny_config());
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  std::ostringstream out;
  Messages messages;
  {
    FreshContext context;
    Trace trace;
    trace.add_log(std::move(patterns), out, [] { return sc_core::sc_time_stamp().value(); });
    RunRecord record;
    Platform platform("top", config, {}, trace);
    Training training(config, data, start_weights(config), platform, record);
    platform.host.program = [&](HostCpu& host) { training(host); };
    trace.start();
    platform.run();
    for (const JobEngine* e : platform.engines()) messages.jobs += e->jobs();
    messages.interrupts = platform.controller.interrupts();
    messages.bursts = platform.memories[0]->stats().latency.count();
  }
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line);) messages.lines.push_back(line);
  return messages;
}

TEST(Log, ControllerTellsDescriptorsAndInterrupts) {
  const Messages m = train_with({{"top.controller"}});
  const std::uint64_t descriptors = 8 * 3 + 4 + 2;
  EXPECT_EQ(m.count("taken"), descriptors);
  EXPECT_EQ(m.count("ended with status 0"), descriptors);
  EXPECT_EQ(m.count("interrupt raised"), m.interrupts);
  EXPECT_EQ(m.count(" us top.controller: "), m.lines.size());
  EXPECT_EQ(m.count("tag 1: forward of sub-batch 0 taken"), 1U);
}

TEST(Log, EnginesTellLayersAndTiles) {
  const Messages layers = train_with({{"top.*"}});
  EXPECT_EQ(layers.count(" begins, "), layers.jobs);
  EXPECT_EQ(layers.count(" cycles, "), layers.jobs);
  EXPECT_EQ(layers.count("chunk 0: "), 0U);
  EXPECT_GT(layers.count("top.host: interrupt handled"), 0U);

  const Messages tiles = train_with({{"top.*"}, {"top.forward", TraceLevel::tiles}});
  EXPECT_EQ(tiles.count(" begins, "), layers.jobs);
  EXPECT_GT(tiles.count("top.forward: conv1 chunk 0: load"), 0U);
  EXPECT_GT(tiles.count("top.forward: conv1 chunk 0: compute"), 0U);
  EXPECT_EQ(tiles.count("top.backward: conv2 chunk"), 0U);
}

TEST(Log, HostAndMemoriesTellAccesses) {
  const Messages m = train_with({{"top.host", TraceLevel::tiles}, {"*mem0", TraceLevel::bursts}});
  EXPECT_EQ(m.count("top.host: write RING_TAIL of 4 B"), 8U * 3 + 4 + 2);
  EXPECT_EQ(m.count(" us top.mem0: "), m.bursts);
}

TEST(Log, NamesPatternsWithoutAModule) {
  try {
    train_with({{"top.memory"}});
    FAIL() << "taken";
  } catch (const InputError& e) {
    EXPECT_EQ(std::string(e.what()).find("-v top.memory: matches no module; legal: top.host, "), 0U)
        << e.what();
  }
}

}  // namespace
}  // namespace h2
