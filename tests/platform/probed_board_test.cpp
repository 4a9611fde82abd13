// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "modules/base/error.h"
#include "platform/host/snapshot.h"
#include "tests/platform/simulation.h"
#include "traces/results/summary.h"

namespace h2 {
namespace {

/// Trains, lets `look` see the board afterwards and returns the summary.
std::string train_on(const Config& config, const std::function<void(const Platform&)>& look) {
  const LoadedData data = load_data(config.dataset, config.network.input, config.network.timesteps,
                                    config.training.seed);
  FreshContext context;
  Trace trace;
  RunRecord record;
  Platform platform("top", config, {}, trace);
  Training training(config, data, start_weights(config), platform, record);
  platform.host.program = [&](HostCpu& host) { training(host); };
  platform.run();
  look(platform);
  nlohmann::ordered_json summary = make_summary(run_info(config, platform), record, {});
  for (const char* part : {"wall", "config"}) summary.erase(part);
  return summary.dump(1);
}

/// Nothing is there without it, and the run is the same with it.
TEST(ProbedBoard, ChangesNothing) {
  const std::string without =
      train_on(tiny_config(), [](const Platform& p) { EXPECT_TRUE(p.probes.all().empty()); });
  const std::string with = train_on(with_probes(tiny_config()), [](const Platform& p) {
    EXPECT_EQ(p.probes.all().size(), 16U);  // 8 initiators, 3 GLBs, registers, 4 memories
  });
  EXPECT_EQ(with, without);
}

/// Probes, ports and memories count the same.
TEST(ProbedBoard, CountsWhatOthersCount) {
  train_on(with_probes(tiny_config()), [](const Platform& platform) {
    const auto stats = [&](const std::string& socket) {
      for (const auto& p : platform.probes.all()) {
        if (p->watched() == socket) return p->stats();
      }
      ADD_FAILURE() << "no probe at " << socket;
      return Probe::Stats{};
    };
    for (const auto& memory : platform.memories) {
      const Probe::Stats seen = stats(memory->socket.name());
      EXPECT_EQ(seen.read_bytes, memory->stats().total_read());
      EXPECT_EQ(seen.write_bytes, memory->stats().total_write());
      EXPECT_EQ(seen.transactions, memory->stats().latency.count());
      EXPECT_EQ(seen.latency.max(), memory->stats().latency.max());
      EXPECT_EQ(seen.errors, 0U);
      EXPECT_GT(seen.read_bytes, 0U);
    }
    for (const JobEngine* e : platform.engines()) {
      for (const MemoryPort* port : {&e->load_port, &e->store_port}) {
        const Probe::Stats seen = stats(port->socket.name());
        EXPECT_EQ(seen.read_bytes, port->stats().read_bytes);
        EXPECT_EQ(seen.write_bytes, port->stats().write_bytes);
        EXPECT_EQ(seen.transactions, port->stats().bursts);
        EXPECT_LE(seen.most_open, 8U);
      }
    }
    const RegisterBank& registers = platform.controller.registers;
    EXPECT_EQ(stats(registers.socket.name()).transactions, registers.reads() + registers.writes());
    EXPECT_EQ(stats(registers.socket.name()).latency.max(), 16 * 1250);  // 16 cycles of 800 MHz
  });
}

TEST(ProbedBoard, SitsWhereItIsTold) {
  Config config = with_probes(tiny_config({{"trace.probe.sockets", "['top.mem*', 'top.*.load']"}}));
  {
    FreshContext context;
    Trace trace;
    const Platform platform("top", config, {}, trace);
    std::vector<std::string> watched;
    for (const auto& p : platform.probes.all()) watched.push_back(p->watched());
    std::sort(watched.begin(), watched.end());
    EXPECT_EQ(watched, (std::vector<std::string>{
                           "top.backward.load.socket", "top.forward.load.socket", "top.mem0.socket",
                           "top.mem1.socket", "top.mem2.socket", "top.weight_update.load.socket"}));
  }
  config.probe.sockets.push_back("top.mem3");
  FreshContext context;
  Trace trace;
  Platform platform("top", config, {}, trace);
  platform.host.program = [](HostCpu&) {};
  try {
    platform.run();
    FAIL() << "a pattern without a socket was taken";
  } catch (const InputError& e) {
    EXPECT_EQ(
        std::string(e.what()).find("trace.probe.sockets: 'top.mem3' matches no socket; legal: "
                                   "top.host.bus, "),
        0U)
        << e.what();
  }
}

}  // namespace
}  // namespace h2
