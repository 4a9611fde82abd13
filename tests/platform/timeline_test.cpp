// SPDX-License-Identifier: Apache-2.0
#include "traces/record/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "modules/base/error.h"
#include "platform/host/snapshot.h"
#include "tests/config/config_files.h"
#include "tests/platform/simulation.h"
#include "tests/platform/traffic_counters.h"
#include "traces/results/summary.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

class TimelineFile : public ConfigFiles {
 protected:
  std::string path() const { return (folder_ / "timeline.json").string(); }
  /// Of a file that both viewers read as it is meant.
  Json events() const {
    const std::string command =
        "python3 '" H2_SOURCE_DIR "/tests/traces/timeline_rules.py' '" + path() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return Json::parse(read_text(path()))["traceEvents"];
  }

  /// Trains with a timeline, lets `look` see the board afterwards and returns the summary.
  Json train_with(TraceLevel level, const std::function<void(Platform&)>& look = nullptr,
                  bool transactions = false) {
    Config config = with_probes(tiny_config());
    config.probe.timeline = transactions;
    const LoadedData data = load_data(config.dataset, config.network.input,
                                      config.network.timesteps, config.training.seed);
    FreshContext context;
    const auto now = [] { return sc_core::sc_time_stamp().value(); };
    Trace trace;
    trace.add_timeline(path(), level, now);
    RunRecord record;
    Platform platform("top", config, {}, trace);
    Training training(config, data, start_weights(config), platform, record);
    platform.host.program = [&](HostCpu& host) { training(host); };
    trace.start();
    platform.run();
    trace.close();
    EXPECT_TRUE(trace.notes().empty());
    if (look) look(platform);
    return make_summary(run_info(config, platform), record, {});
  }
};

std::map<int, std::string> track_names(const Json& events) {
  std::map<int, std::string> names;
  for (const Json& e : events) {
    if (e["name"] == "thread_name") names[e["tid"]] = e["args"]["name"];
  }
  return names;
}

TEST_F(TimelineFile, SlicesOfATrackDoNotOverlap) {
  train_with(TraceLevel::tiles, nullptr, true);
  const Json all = events();
  std::map<int, double> end;
  for (const Json& e : all) {
    if (e["ph"] != "X") continue;
    double& last = end[e["tid"]];
    EXPECT_GE(e["ts"].get<double>(), last - 1e-6) << e;
    last = e["ts"].get<double>() + e["dur"].get<double>();
  }
  EXPECT_GT(end.size(), 12U);
}

TEST_F(TimelineFile, LayersTakeTheCyclesOfTheSummary) {
  const Json summary = train_with(TraceLevel::phases);
  const Json all = events();
  const auto names = track_names(all);
  std::map<std::string, double> cycles;
  for (const Json& e : all) {
    if (e["ph"] == "X" && names.at(e["tid"]) == "top.forward") {
      cycles[e["name"]] += e["dur"].get<double>() * 800;
    }
  }
  for (const Json& l : summary["layers"]) {
    if (l["engine"] != "forward") continue;
    // The test's forward passes are on the timeline too: two of them behind eight of training.
    EXPECT_GT(cycles[l["name"]], l["cycles_total"].get<double>());
    EXPECT_LT(cycles[l["name"]], l["cycles_total"].get<double>() * 1.5);
  }
}

/// The bytes on the timeline are those that ports and memories count.
TEST_F(TimelineFile, BytesAreConserved) {
  Traffic counted;
  train_with(TraceLevel::phases,
             [&](Platform& platform) { counted = engine_traffic(platform, 0); });
  const Json all = events();
  const auto names = track_names(all);
  for (const Json& e : all) {
    if (e["ph"] != "X") continue;
    const std::string& track = names.at(e["tid"]);
    if (track == "top.forward" || track == "top.backward" || track == "top.weight_update") {
      counted.jobs += e["args"]["bytes"].get<std::uint64_t>();
    }
  }
  expect_conserved(counted);
}

/// Every transaction at every memory, with its time and bytes.
TEST_F(TimelineFile, TransactionsAreThoseOfTheMemories) {
  struct Seen {
    std::uint64_t slices = 0, bytes = 0;
    double nanoseconds = 0;
  };
  std::map<std::string, Seen> memories, slices;
  train_with(
      TraceLevel::phases,
      [&](Platform& platform) {
        for (const auto& m : platform.memories) {
          const ExternalMemory::Stats& s = m->stats();
          memories[m->socket.name()] = {s.latency.count(), s.total_read() + s.total_write(),
                                        s.latency.mean() * s.latency.count() / 1e3};
        }
      },
      true);
  const Json all = events();
  const auto names = track_names(all);
  for (const Json& e : all) {
    if (e["ph"] != "X") continue;
    const std::string& track = names.at(e["tid"]);  // top.mem0.socket.<lane>
    if (!e["args"].contains("begin_ps")) continue;  // no transaction
    Seen& seen = slices[track.substr(0, track.rfind('.'))];
    ++seen.slices;
    seen.bytes += e["args"].value("bytes", std::uint64_t{0});
    const std::uint64_t begin = e["args"]["begin_ps"], end = e["args"]["end_ps"];
    seen.nanoseconds += static_cast<double>(end - begin) / 1e3;
  }
  ASSERT_EQ(memories.size(), 3U);
  for (const auto& [socket, memory] : memories) {
    EXPECT_GT(memory.slices, 100U);
    EXPECT_EQ(slices[socket].slices, memory.slices) << socket;
    EXPECT_EQ(slices[socket].bytes, memory.bytes) << socket;
    EXPECT_NEAR(slices[socket].nanoseconds, memory.nanoseconds, memory.nanoseconds * 1e-9);
  }
}

TEST_F(TimelineFile, HostTrackShowsAccessesWaitsAndInterrupts) {
  std::uint64_t register_accesses = 0, interrupts = 0, memory_bytes = 0;
  train_with(TraceLevel::phases, [&](Platform& platform) {
    const CommandProcessor& c = platform.controller;
    register_accesses = c.registers.reads() + c.registers.writes();
    interrupts = c.interrupts();
    for (const auto& p : platform.probes.all()) {
      if (p->watched() == "top.host.bus") {
        memory_bytes = p->stats().read_bytes + p->stats().write_bytes - 4 * register_accesses;
      }
    }
  });
  const Json all = events();
  const auto names = track_names(all);
  std::map<std::string, std::uint64_t> host, handled;
  std::uint64_t bytes = 0, accesses = 0;
  for (const Json& e : all) {
    if (e["ph"] != "X") continue;
    const std::string& track = names.at(e["tid"]);
    const std::string name = e["name"];
    if (track == "top.host.interrupt") ++handled[name];
    if (track != "top.host") continue;
    ++host[name];
    if (name == "read" || name == "write") bytes += e["args"]["bytes"].get<std::uint64_t>();
    if (name.rfind("read ", 0) == 0 || name.rfind("write ", 0) == 0) ++accesses;
  }
  EXPECT_EQ(host["write RING_TAIL"], 8U * 3 + 4 + 2);  // descriptors
  EXPECT_EQ(accesses, register_accesses);
  EXPECT_EQ(bytes, memory_bytes);
  EXPECT_GT(host["work"], 0U);
  EXPECT_GT(host["wait for interrupt"], 0U);
  EXPECT_GT(interrupts, 0U);
  EXPECT_EQ(handled["interrupt"], interrupts);
}

TEST_F(TimelineFile, ArrowsLeadFromFetchToTheDescriptor) {
  train_with(TraceLevel::phases);
  const Json all = events();
  const auto names = track_names(all);
  std::map<std::uint64_t, Json> starts;
  int arrows = 0;
  for (const Json& e : all) {
    if (e["ph"] == "s") starts[e["id"]] = e;
    if (e["ph"] != "f") continue;
    ++arrows;
    ASSERT_TRUE(starts.count(e["id"]) != 0) << e;
    EXPECT_LE(starts[e["id"]]["ts"], e["ts"]);
    EXPECT_EQ(names.at(starts[e["id"]]["tid"]), "top.controller.fetch");
    EXPECT_NE(names.at(e["tid"]).find("top.controller."), std::string::npos);
  }
  EXPECT_EQ(arrows, 8 * 3 + 4 + 2);  // three phases of 8 sub-batches, 4 updates, 2 tests
}

TEST_F(TimelineFile, CountersShowMemoriesAndBuffers) {
  constexpr double kWindow = 10;  // us
  train_with(TraceLevel::phases);
  std::map<std::string, double> most;
  std::map<int, double> moved;  // by mem1, B per window
  double since = 0, rate = 0;
  for (const Json& e : events()) {
    if (e["ph"] != "C") continue;
    const double value = e["args"]["value"];
    most[e["name"]] = std::max(most[e["name"]], value);
    if (e["name"] != "top.mem1.bandwidth_mb_per_s") continue;
    const double now = e["ts"];
    for (double end = 0; since < now; since = end) {
      end = std::min(now, (std::floor(since / kWindow) + 1) * kWindow);
      moved[static_cast<int>(since / kWindow)] += rate * (end - since);
    }
    rate = value;
  }
  for (const char* counter : {"top.mem0.queue", "top.mem1.bandwidth_mb_per_s",
                              "top.glb_forward.fill_bytes", "top.mem2.queue"}) {
    EXPECT_GT(most[counter], 0) << counter;
  }
  // Bytes count when their transaction ends: what was under way before a window is its own.
  for (const auto& [window, bytes] : moved) EXPECT_LE(bytes, 1.1 * 128000 * kWindow) << window;
}

/// Declared rows come first, in their order; the others as they appear.
TEST_F(TimelineFile, RowsAreSortedAsDeclared) {
  Timeline timeline(path());
  timeline.declare("top.b");
  timeline.declare("top.b.load");
  timeline.start();
  timeline.slice("top.c", "x", {0, 2000}, Json::object());
  timeline.slice("top.b.load", "y", {0, 2000}, Json::object());
  timeline.close();
  const auto names = track_names(events());
  EXPECT_EQ(names.at(1), "top.b");
  EXPECT_EQ(names.at(2), "top.b.load");
  EXPECT_EQ(names.at(3), "top.c");
}

/// Times off the nanosecond grid: neighbours stay neighbours, arrows get inside their slices.
TEST_F(TimelineFile, NeighboursDoNotOverlapAfterRounding) {
  Timeline timeline(path());
  timeline.start();
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const std::uint64_t end = at + 1250 * (1 + i % 7);
    timeline.slice("a", "x", {at, end}, Json::object());
    timeline.slice("b", "y", {end, end + 3750}, Json::object());
    timeline.arrow(i, "a", {at, end}, "b", {end, end + 3750});
    at = end + 3750;
  }
  timeline.close();
  int slices = 0, arrows = 0;
  for (const Json& e : events()) {
    slices += e["ph"] == "X" ? 1 : 0;
    arrows += e["ph"] == "f" ? 1 : 0;
  }
  EXPECT_EQ(slices, 6000);
  EXPECT_GT(arrows, 2000);
}

/// A run that fails leaves a file that is whole, and so does one that is killed.
TEST_F(TimelineFile, IsWholeAtEveryTime) {
  const std::string partial = path() + ".partial";
  const auto written = [&] { return Json::parse(read_text(partial))["traceEvents"].size(); };
  {
    Timeline timeline(path());
    timeline.start();
    EXPECT_EQ(written(), 1U);
    for (std::uint64_t i = 0; i < 3000; ++i) {
      timeline.slice("track", "name", {1000 * i, 1000 * i + 1000}, {{"key", 1}});
      if (i % 500 == 0) {
        EXPECT_GE(written(), 1U);
      }
    }
    EXPECT_GT(written(), 100U);
    EXPECT_FALSE(std::filesystem::exists(path()));
  }
  EXPECT_EQ(written(), 3003U);
}

TEST_F(TimelineFile, EndsWhereItIsFull) {
  Timeline timeline(path(), 5000);
  timeline.start();
  for (std::uint64_t i = 0; i < 3000; ++i) {
    timeline.slice("track", "name", {1000 * i, 1000 * i + 1000}, {{"key", 1}});
  }
  timeline.close();
  EXPECT_GT(timeline.full_ps(), 10000U);
  EXPECT_LT(read_text(path()).size(), 5200U);
  EXPECT_GT(events().size(), 10U);
}

TEST_F(TimelineFile, NamesWhatCannotBeWritten) {
  Timeline timeline("/no/such/folder/timeline.json");
  EXPECT_THROW(timeline.start(), RunError);
}

}  // namespace
}  // namespace h2
