// SPDX-License-Identifier: Apache-2.0
#include "traces/results/statistics/statistics.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <stdexcept>

#include "modules/h2learn/event_counts.h"
#include "platform/host/board_statistics.h"
#include "platform/host/snapshot.h"
#include "tests/platform/simulation.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/summary.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

TEST(Statistics, AreReadFromATree) {
  double cycles = 12;
  StatGroup root;
  StatGroup& engine = root.group("layer").group("conv1", "layer").group("forward", "engine");
  engine.add("cycles", "cycles", "open", "counted at the edge", [&] { return cycles; });
  engine.add("share", "share", "not here", "cycles / 2", [] { return std::nullopt; });
  root.group("bytes").add(
      "spike", "B", "moved", "sum of lengths", [] { return 1.5; }, "kind");
  EXPECT_EQ(&root.group("layer").group("conv1", "layer").group("forward", "engine"), &engine);
  cycles = 13;  // read when asked for
  const Statistics s(root);
  EXPECT_EQ(s.csv(), "path,value,unit\nbytes.spike,1.5,B\nlayer.conv1.forward.cycles,13,cycles\n");
  const Json json = s.json();
  EXPECT_EQ(json["layer.conv1.forward.cycles"]["value"].dump(), "13");
  EXPECT_EQ(json["bytes.spike"]["formula"], "sum of lengths");
  EXPECT_EQ(s.table("layer.<layer>.<engine>.", {{"conv1", "forward"}, {"conv2", "forward"}}),
            "layer,engine,cycles [cycles],share [share]\nconv1,forward,13,\nconv2,forward,,\n");
  EXPECT_EQ(describe(kinds_in(root)),
            "layer.<layer>.<engine>.cycles  [cycles]\n    open\n    = counted at the edge\n"
            "layer.<layer>.<engine>.share  [share]\n    not here\n    = cycles / 2\n"
            "bytes.<kind>  [B]\n    moved\n    = sum of lengths\n");
  root.group("layer")
      .group("conv1", "layer")
      .group("forward", "engine")
      .add("cycles", "cycles", "again", "counted", [] { return 1.0; });
  EXPECT_THROW(Statistics{root}, std::logic_error);
}

/// A small training with its statistics.
struct Measured {
  Config config;
  Json items, samples, summary;
  std::vector<StatisticKind> kinds;
};

Measured train_with_statistics(const Sets& sets) {
  Measured run{tiny_config(sets), {}, {}, {}, {}};
  const LoadedData data = load_data(run.config.dataset, run.config.network.input,
                                    run.config.network.timesteps, run.config.training.seed);
  Bench bench(run.config);
  RunRecord record;
  Training training(run.config, data, start_weights(run.config), bench.platform, record);
  const Sampler sampler("sampler", [&] { return take_snapshot(bench.platform); });
  bench.run([&](HostCpu& host) { training(host); });
  const RunInfo info = run_info(run.config, bench.platform);
  const StatGroup tree = board_statistics(info, record, bench.platform);
  run.items = Statistics(tree).json();
  run.kinds = kinds_in(tree);
  run.samples = sampler.json(info);
  run.summary = make_summary(info, record, {});
  return run;
}

TEST(Statistics, AgreeWithTheSummary) {
  for (const char* organisation : {"split", "unified"}) {
    SCOPED_TRACE(organisation);
    const Measured run = train_with_statistics({{"memory.organisation", organisation}});
    const auto value = [&](const std::string& path) {
      EXPECT_TRUE(run.items.contains(path)) << path;
      return run.items.value(path, Json::object()).value("value", -1.0);
    };
    EXPECT_EQ(value("run.cycles"), run.summary["time"]["cycles"]);
    for (const Json& l : run.summary["layers"]) {
      const bool array = l["kind"] == "array";
      const std::string path = "layer." + l["name"].get<std::string>() + "." +
                               l[array ? "engine" : "kind"].get<std::string>() + ".";
      EXPECT_EQ(value(path + "bytes"), l["bytes_total"]) << path;
      EXPECT_EQ(value(path + "cycles"), l["cycles_total"]) << path;
      EXPECT_EQ(value(path + "executed_macs"), l["executed_macs_total"]) << path;
      EXPECT_EQ(value(path + "cycles"), value(path + "compute_cycles") +
                                            value(path + "load_stall_cycles") +
                                            value(path + "store_stall_cycles"))
          << path;
      EXPECT_LE(value(path + "utilisation"), 1.0);
      EXPECT_EQ(value(path + "utilisation") > 0.0, array);
    }
    for (const auto& [name, m] : run.summary["memory"].items()) {
      const std::string path = "memory." + name + ".";
      EXPECT_NEAR(value(path + "bandwidth_gbps"), m["bandwidth_gbps"].get<double>(), 1e-6);
      EXPECT_GE(value(path + "busy_bandwidth_gbps"), value(path + "bandwidth_gbps"));
      EXPECT_LE(value(path + "busy_bandwidth_gbps"), value(path + "peak_gbps"));
      EXPECT_LE(value(path + "queueing_ns"), value(path + "latency_mean_ns"));
      EXPECT_LE(value(path + "latency_p50_ns"), value(path + "latency_p99_ns"));
      EXPECT_GT(value(path + "row_hits"), 0);
    }
  }
}

/// Whether a formula uses the statistic `name` of the same group.
bool uses(const std::string& formula, const std::string& name) {
  return std::regex_search(formula, std::regex("(^|[^a-z_.])" + name + "($|[^a-z_])"));
}

/// A definition may use others, but no chain of definitions comes back to where it began; every
/// text says something.
TEST(Statistics, DefinitionsDoNotDefineEachOther) {
  const Measured run = train_with_statistics({});
  std::map<std::string, std::vector<std::string>> names;  // of the group
  std::map<std::string, std::string> formulas;            // by pattern
  const auto group_of = [](const std::string& pattern) {
    return pattern.substr(0, pattern.rfind('.') + 1);
  };
  for (const StatisticKind& k : run.kinds) {
    names[group_of(k.pattern)].push_back(k.pattern.substr(group_of(k.pattern).size()));
    formulas[k.pattern] = k.formula;
    for (const std::string& text : {k.unit, k.text, k.formula}) EXPECT_GT(text.size(), 0U);
    EXPECT_NE(k.formula, "counted") << k.pattern;
  }
  const std::function<void(const std::string&, std::set<std::string>)> follow =
      [&](const std::string& pattern, std::set<std::string> above) {
        ASSERT_TRUE(above.insert(pattern).second) << pattern << " is defined by itself";
        for (const std::string& name : names[group_of(pattern)]) {
          const std::string other = group_of(pattern) + name;
          if (other != pattern && uses(formulas[pattern], name)) follow(other, above);
        }
      };
  for (const auto& [pattern, formula] : formulas) follow(pattern, {});
  EXPECT_TRUE(uses("cycles - compute_cycles", "cycles"));
  EXPECT_FALSE(uses("busy_cycles / run.cycles", "cycles"));
}

/// The events of an engine are those of its layers' rows, optimiser steps and Grad of the last
/// layer included.
TEST(Statistics, EventsOfRowsAddUpToThoseOfEngines) {
  const Measured run = train_with_statistics({});
  std::map<std::string, double> engines, rows;
  for (const auto& [path, item] : run.items.items()) {
    std::smatch part;
    const double value = item["value"];
    if (std::regex_match(path, part, std::regex("engine\\.(\\w+\\.events\\.\\w+)"))) {
      engines[part[1]] += value;
    } else if (std::regex_match(path, part,
                                std::regex("layer\\.\\w+\\.(\\w+)(\\.events\\.\\w+)"))) {
      const std::string row = part[1];
      const std::string engine = row == "update" ? "weight_update"
                                 : row == "grad" ? "backward"
                                                 : row;
      rows[engine + part[2].str()] += value;
    }
  }
  ASSERT_EQ(engines.size(), 3U * kH2LearnEvents);
  EXPECT_EQ(engines, rows);
  EXPECT_GT(engines["forward.events.lut_reads"], engines["forward.events.spiking_acc_adds"]);
  EXPECT_GT(engines["forward.events.spiking_acc_adds"], 0);
  EXPECT_GT(engines["weight_update.events.weight_updates"], 0);
  // Every neuron once per sample and timestep, forward and backward.
  EXPECT_EQ(engines["forward.events.soma_updates"], engines["backward.events.grad_updates"]);
}

TEST(Statistics, SamplesAddUpToTheTotals) {
  const Measured run = train_with_statistics({{"dataset.train_limit", "40"}});
  const Json& times = run.samples["time_us"];
  ASSERT_GT(times.size(), 2U);
  for (const char* memory : {"mem0", "mem1", "mem2"}) {
    const Json& rates = run.samples["series"][std::string("memory.") + memory + ".bandwidth"];
    double bytes = 0, last = 0, total = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
      bytes += rates["values"][i].get<double>() * (times[i].get<double>() - last) * 1e3;
      last = times[i];
    }
    for (const auto& [path, item] : run.items.items()) {
      const std::string name = std::string("memory.") + memory + ".";
      if (path.rfind(name + "read_bytes", 0) == 0 || path.rfind(name + "write_bytes", 0) == 0) {
        total += item["value"].get<double>();
      }
    }
    EXPECT_LE(bytes, total);  // what came after the last look is missing
    EXPECT_NEAR(bytes / total, 1.0, 2.0 / static_cast<double>(times.size())) << memory;
  }
}

TEST(Sampler, StaysBoundedAndRegular) {
  FreshContext context;
  std::uint64_t looks = 0;
  {
    const Sampler sampler("sampler", [&] {
      ++looks;
      Snapshot s;
      s.cycle = sc_core::sc_time_stamp().value() / 1250;
      s.memories.push_back({s.cycle * 16, 0});
      return s;
    });
    sc_core::sc_start(50, sc_core::SC_MS);  // 5000 steps of 10 us
    RunInfo info;
    info.memories.push_back({"mem0", 128.0});
    const Json samples = sampler.json(info);
    const Json& times = samples["time_us"];
    EXPECT_LE(times.size(), Sampler::kMost);
    EXPECT_GE(times.size(), Sampler::kMost / 4);
    for (std::size_t i = 1; i < times.size(); ++i) {
      EXPECT_DOUBLE_EQ(times[i].get<double>() - times[i - 1].get<double>(),
                       samples["interval_us"].get<double>());
      EXPECT_DOUBLE_EQ(samples["series"]["memory.mem0.bandwidth"]["values"][i], 12.8);
    }
  }
  EXPECT_LT(looks, 3000U);
}

}  // namespace
}  // namespace h2
