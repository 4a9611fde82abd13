#include "traces/results/statistics/statistics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "platform/host/snapshot.h"
#include "tests/platform/simulation.h"
#include "traces/results/statistics/collect.h"
#include "traces/results/summary.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

TEST(Statistics, KnowTheirKinds) {
  Statistics s;
  s.set("layer.<layer>.<engine>.cycles", {"conv1", "forward"}, 12);
  s.set("memory.<memory>.bandwidth_gbps", {"mem0"}, 1.5);
  EXPECT_THROW(s.set("layer.<layer>.<engine>.cycle", {"conv1", "forward"}, 12), std::logic_error);
  EXPECT_EQ(s.csv(),
            "path,value,unit\nlayer.conv1.forward.cycles,12,cycles\n"
            "memory.mem0.bandwidth_gbps,1.5,1e9 B/s\n");
  const Json json = s.json();
  EXPECT_EQ(json["layer.conv1.forward.cycles"]["value"].dump(), "12");
  EXPECT_EQ(json["memory.mem0.bandwidth_gbps"]["unit"], "1e9 B/s");
  for (const StatisticKind& k : statistic_kinds()) {
    EXPECT_NE(describe_statistics().find(k.pattern), std::string::npos);
    for (const char* text : {k.unit, k.description, k.formula}) EXPECT_STRNE(text, "");
  }
}

/// A small training with its statistics.
struct Measured {
  Config config;
  Json items, samples, summary;
};

Measured train_with_statistics(const Sets& sets) {
  Measured run{tiny_config(sets), {}, {}, {}};
  const LoadedData data = load_data(run.config.dataset, run.config.network.input,
                                    run.config.network.timesteps, run.config.training.seed);
  Bench bench(run.config);
  RunRecord record;
  Training training(run.config, data, start_weights(run.config), bench.platform, record);
  const Sampler sampler("sampler", [&] { return take_snapshot(bench.platform); });
  bench.run([&](HostCpu& host) { training(host); });
  const RunInfo info = run_info(run.config, bench.platform);
  run.items = collect_statistics(info, record, board_counters(bench.platform)).json();
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

/// A kind without a value, or a value that no test run brings about, is dead text.
TEST(Statistics, EveryKindOccurs) {
  const Measured run = train_with_statistics({});
  for (const StatisticKind& k : statistic_kinds()) {
    const std::string dots = std::regex_replace(std::string(k.pattern), std::regex("\\."), "\\.");
    const std::regex pattern(std::regex_replace(dots, std::regex("<[a-z]+>"), "[a-z_0-9.]+"));
    bool found = false;
    for (const auto& [path, item] : run.items.items()) found |= std::regex_match(path, pattern);
    EXPECT_TRUE(found) << k.pattern;
  }
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
