// SPDX-License-Identifier: Apache-2.0
#include "traces/report/report.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <tuple>

#include "modules/base/error.h"
#include "modules/h2learn/engines.h"
#include "platform/config/load.h"
#include "tests/test_folder.h"
#include "traces/report/machine_peaks.h"
#include "traces/report/sparsity.h"
#include "traces/report/warnings.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const std::string kConfigs = H2_SOURCE_DIR "/configs/";

Json layer(const char* name, const char* engine, int cycles, int compute) {
  return {{"name", name},
          {"engine", engine},
          {"cycles", cycles},
          {"compute_cycles", compute},
          {"memory_cycles", cycles - 10},
          {"macs", 8000},
          {"executed_macs", 2000},
          {"bytes", 1000},
          {"bound_by", cycles - 10 > compute ? "memory" : "compute"}};
}

/// A trained run that deserves no warning.
Json summary_of(const std::string& config) {
  Json s{{"schema", 2}};
  const Config loaded = load_config(kConfigs + config, {});
  s["config"] = config_json(loaded);
  s["result"] = {{"loss", {0.5, 0.25}},
                 {"train_accuracy", 0.5},
                 {"test_accuracy", 0.75},
                 {"weights_sha256", "00"}};
  s["time"] = {{"cycles", 1000},
               {"seconds", 1e-3},
               {"sub_batches", 100},
               {"cycles_per_sub_batch", 1000},
               {"samples_per_second", 4000},
               {"epoch_seconds", 2.0}};
  for (const EngineInfo& e : h2learn_engines(loaded.machine, false)) {
    s["engines"][e.key] = {{"title", e.title},       {"peak_ops_per_cycle", e.peak_macs_per_cycle},
                           {"memories", e.memories}, {"memories_text", e.memories_text},
                           {"busy_cycles", 600},     {"stall_cycles", 100},
                           {"idle_cycles", 300}};
  }
  s["layers"] = {layer("conv1", "forward", 100, 95), layer("conv2", "forward", 100, 95),
                 layer("conv2", "backward", 100, 95), layer("fc1", "weight_update", 100, 95)};
  for (const char* m : {"mem0", "mem1", "mem2"}) {
    s["memory"][m] = {
        {"read_bytes", 1}, {"write_bytes", 2}, {"bandwidth_gbps", 64.0}, {"peak_gbps", 128.0}};
  }
  s["numerics"] = "FP16";
  s["wall"] = {{"seconds", 1.0}, {"peak_rss_bytes", 1000}};
  return s;
}

Json stats_of() {
  Json s{{"schema", 1}};
  s["items"]["layer.conv1.mask_density"] = {{"value", 0.25}};
  s["items"]["layer.conv2.gradient_density"] = {{"value", 0.125}};
  s["samples"] = {{"interval_us", 10},
                  {"time_us", {10, 20}},
                  {"series", {{"memory.mem0.bandwidth", {{"unit", "x"}, {"values", {1, 2}}}}}}};
  s["jobs"] = Json::array();
  return s;
}

ReportRun run_of(const Json& summary) { return {"run", summary, nullptr}; }

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  for (const std::string& t : texts) {
    if (t.find(text) != std::string::npos) return true;
  }
  return false;
}

class RunFiles : public testing::Test {
 protected:
  RunFiles()
      : folder_(test_folder() / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "one");
  }
  ~RunFiles() override { fs::remove_all(folder_); }

  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::string path(const std::string& file) const { return (folder_ / file).string(); }
  /// Message of the InputError that reading run `one` ends with.
  std::string error() const {
    try {
      read_runs({path("one")});
    } catch (const InputError& e) {
      return e.what();
    }
    return "no error";
  }

 private:
  fs::path folder_;
};

TEST_F(RunFiles, AreReadWithAndWithoutStatistics) {
  write("one/summary.json", summary_of("quickstart.yaml").dump());
  EXPECT_TRUE(read_runs({path("one")}).front().stats.is_null());
  write("one/stats.json", stats_of().dump());
  EXPECT_EQ(read_runs({path("one")}).front().stats, stats_of());
}

TEST_F(RunFiles, RunsAreNamedByTheirFolders) {
  for (const char* file : {"one/summary.json", "two/summary.json", "more/one/summary.json"}) {
    write(file, summary_of("quickstart.yaml").dump());
  }
  const auto different = read_runs({path("one"), path("two/")});
  EXPECT_EQ(different[0].name, "one");
  EXPECT_EQ(different[1].name, "two");
  const auto alike = read_runs({path("one"), path("more/one")});
  EXPECT_EQ(alike[0].name, path("one"));
  EXPECT_EQ(alike[1].name, path("more/one"));
}

TEST_F(RunFiles, ErrorsNameFileAndField) {
  const std::string file = path("one/summary.json");
  EXPECT_EQ(error(),
            file + ": cannot be read: No such file or directory; legal: the " + "summary of a run");
  write("one/summary.json", "{\"schema\": }");
  EXPECT_EQ(error(), file + ": not JSON, byte 12");
  const Json good = summary_of("quickstart.yaml");
  const auto with = [&](const char* pointer, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    write("one/summary.json", bad.dump());
    return error();
  };
  EXPECT_EQ(with("/schema", 7), file + ": schema: 7; this version reads 2");
  EXPECT_EQ(with("/time/cycles", "many"), file + ": time.cycles: expected a number");
  EXPECT_EQ(with("/time", Json::object()), file + ": time: 'cycles' is missing; expected a number");
  EXPECT_EQ(with("/layers/1/engine", "side"),
            file + ": layers[1].engine: \"side\"; legal: forward, backward, weight_update");
  EXPECT_EQ(with("/result/loss/1", nullptr), file + ": result.loss[1]: expected a number");
  EXPECT_EQ(with("/memory/mem1/peak_gbps", "x"),
            file + ": memory.mem1.peak_gbps: expected a number");
  write("one/summary.json", good.dump());
  Json stats = stats_of();
  stats["samples"]["time_us"].push_back(30);
  write("one/stats.json", stats.dump());
  EXPECT_EQ(error(), path("one/stats.json") +
                         ": samples.series.memory.mem0.bandwidth: 'values' and samples.time_us "
                         "differ in length");
}

TEST(Rooflines, ArePeaksOfThePaperAndPointsOfTheLayers) {
  const Json all = rooflines(run_of(summary_of("mnist.yaml")));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["peak_macs_per_cycle"], 36864);
  EXPECT_EQ(all[1]["peak_macs_per_cycle"], 4096);
  EXPECT_EQ(all[2]["peak_macs_per_cycle"], 40960);
  EXPECT_EQ(all[0]["peak_bytes_per_cycle"], 160);
  EXPECT_EQ(all[2]["peak_bytes_per_cycle"], 320);  // operands and sums in two memories
  ASSERT_EQ(all[0]["points"].size(), 2U);
  EXPECT_EQ(all[0]["points"][1]["layer"], "conv2");
  EXPECT_EQ(all[0]["points"][1]["macs_per_byte"], 2.0);
  EXPECT_EQ(all[0]["points"][1]["macs_per_cycle"], 20.0);
}

TEST(Sparsity, TableIIIIsWhatTheConfigurationsDrawFrom) {
  const std::tuple<const char*, const char*, int> networks[] = {
      {"mnist.yaml", "MNIST", 5},
      {"cifar10.yaml", "CIFAR10", 5},
      {"nmnist.yaml", "N-MNIST", 3},
      {"cifar10dvs.yaml", "CIFAR10-DVS", 3},
      {"imagenet.yaml", "ImageNet", 6}};
  for (const auto& [file, name, columns] : networks) {
    SCOPED_TRACE(file);
    Json summary = summary_of(file);
    summary.erase("result");
    summary["layers"].clear();
    for (const char* l : {"conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1"}) {
      summary["layers"].push_back(layer(l, "forward", 10, 10));
    }
    const Json s = sparsity(run_of(summary));
    EXPECT_EQ(s["network"], name);
    int found = 0;
    for (const Json& row : s["layers"]) {
      if (!row.contains("paper_output")) continue;
      ++found;
      EXPECT_NEAR(row["paper_output"], row["configured_output"], 1e-9) << row;
      EXPECT_NEAR(row["paper_input"], row["configured_input"], 1e-9) << row;
    }
    EXPECT_EQ(found, columns);
  }
}

TEST(Sparsity, MeasuredDensitiesAndWorkBelongToTheLayerBelow) {
  ReportRun run = run_of(summary_of("quickstart.yaml"));
  run.stats = stats_of();
  const Json s = sparsity(run);
  EXPECT_TRUE(s["network"].is_null());
  const Json& conv1 = s["layers"][0];
  EXPECT_EQ(conv1["measured_output"], 0.75);
  EXPECT_EQ(conv1["measured_input"], 0.875);
  EXPECT_EQ(conv1["backward_work"], 0.25);
  EXPECT_FALSE(conv1.contains("configured_output"));  // trained: densities come from the data
  EXPECT_FALSE(s["layers"][1].contains("measured_output"));
}

TEST(Warnings, NoneForAGoodRun) {
  EXPECT_TRUE(warnings(run_of(summary_of("quickstart.yaml"))).empty());
}

TEST(Warnings, NameTheMemoryThatHoldsALayerUp) {
  Json s = summary_of("quickstart.yaml");
  s["layers"] = {layer("conv2", "backward", 400, 100), layer("fc1", "weight_update", 12000, 1200),
                 layer("fc2", "forward", 9, 1)};
  // The sums of 100,352 weights, read and written, are just more than half of it.
  s["layers"][1]["bytes"] = 2 * 4 * 100352 - 1;
  const auto texts = warnings(run_of(s));
  ASSERT_EQ(texts.size(), 2U);  // fc2 waits for less than 1 % of a sub-batch
  EXPECT_EQ(texts[0],
            "Mem2 is the bottleneck in fc1 weight update: the array waits for memory for "
            "90 % of its 12,000 cycles.");
  EXPECT_EQ(texts[1],
            "Mem0 and Mem1 (by turns) are the bottleneck in conv2 backward: the array "
            "waits for memory for 75 % of its 400 cycles.");
}

TEST(Warnings, CountTheLayersBeyondTheWorst) {
  Json s = summary_of("quickstart.yaml");
  s["layers"] = Json::array();
  for (int i = 0; i < 8; ++i) s["layers"].push_back(layer("conv2", "backward", 400 + i, 100));
  const auto texts = warnings(run_of(s));
  ASSERT_EQ(texts.size(), 6U);
  EXPECT_NE(texts[0].find("407 cycles"), std::string::npos);
  EXPECT_EQ(texts[5], "3 more layers wait for memory for 20 % of their time or longer.");
}

TEST(Warnings, EnginesMemoriesNumbersAndResult) {
  Json s = summary_of("quickstart.yaml");
  s["engines"]["backward"]["idle_cycles"] = 700;
  s["memory"]["mem2"]["bandwidth_gbps"] = 120.0;
  s["layers"][2]["overflows_total"] = 1234;
  s["result"]["loss"] = {0.5, 0.5};
  s["time"]["sub_batches"] = 3;
  const auto texts = warnings(run_of(s));
  EXPECT_EQ(texts.size(), 5U);
  EXPECT_TRUE(contains(texts, "The Backward Engine has no job for 70 % of the time."));
  EXPECT_TRUE(contains(texts, "mem2 runs at 94 % of its peak bandwidth"));
  EXPECT_TRUE(contains(texts, "1,234 values of conv2 backward exceeded FP16"));
  EXPECT_TRUE(contains(texts, "The loss did not fall"));
  EXPECT_TRUE(contains(texts, "Only 3 sub-batches in groups of 2"));
}

TEST(Warnings, ArraysThatAreBusyFarBelowTheirRoof) {
  Json s = summary_of("quickstart.yaml");
  s["layers"][2]["executed_macs_total"] = 600 * 4096 / 8;
  s["layers"][0]["executed_macs_total"] = 600 * 36864 / 2;
  ReportRun run = run_of(s);
  const std::string text =
      "The array of the Backward Engine is busy for 60 % of the time and does 12 % of what it "
      "could in this time";
  EXPECT_EQ(warnings(run), std::vector<std::string>{text + "."});
  run.stats = stats_of();
  run.stats["items"]["layer.conv2.backward.lut_fill_cycles"] = {{"value", 300}};
  run.stats["items"]["layer.conv2.backward.sync_loss_cycles"] = {{"value", 200}};
  EXPECT_EQ(warnings(run),
            std::vector<std::string>{text + "; most of the rest goes into the fill of look-up "
                                            "tables, filters or the PE pipeline."});
}

TEST(Warnings, LayersThatNeverFire) {
  ReportRun run = run_of(summary_of("quickstart.yaml"));
  run.stats = stats_of();
  run.stats["items"]["layer.conv1.spike_density"] = {{"value", 0.1}};
  run.stats["items"]["layer.conv2.spike_density"] = {{"value", 0}};
  EXPECT_EQ(warnings(run),
            std::vector<std::string>{"No layer after conv1 fires: raise training.init_gain or "
                                     "lower neuron.th_f."});
  run.stats["items"]["layer.conv1.spike_density"] = {{"value", 0}};
  EXPECT_TRUE(contains(warnings(run), "No layer fires: "));
}

TEST(Warnings, GradientsRoundedToZero) {
  ReportRun run = run_of(summary_of("quickstart.yaml"));
  run.stats = stats_of();
  run.stats["items"]["layer.fc1.weight_update.jobs"] = {{"value", 10}};
  // fc1 has 32 x 7 x 7 x 64 weights: one in a thousand is noticeable.
  run.summary["layers"][3]["underflows_total"] = 1003;
  EXPECT_TRUE(warnings(run).empty());
  run.summary["layers"][3]["underflows_total"] = 1004;
  EXPECT_EQ(warnings(run),
            std::vector<std::string>{"1,004 gradients of fc1 weight update were rounded to zero: "
                                     "raise training.loss_scale."});
}

TEST(Page, HoldsEverythingAndNothingFromOutside) {
  const std::string page = report_page({run_of(summary_of("quickstart.yaml"))});
  EXPECT_EQ(page.find("{{"), std::string::npos);
  EXPECT_NE(page.find("Chart.js v"), std::string::npos);
  for (const char* outside : {"src=\"", "<link rel=\"stylesheet", "@import", "url(http"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
}

TEST(Page, NamesCannotEndTheData) {
  ReportRun run = run_of(summary_of("quickstart.yaml"));
  run.name = "</script><script>alert(1)";
  const std::string page = report_page({run});
  EXPECT_EQ(page.find(run.name), std::string::npos);
  const std::string begin = "id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size();
  const Json data = Json::parse(page.substr(from, page.find("</script>", from) - from));
  EXPECT_EQ(data["runs"][0]["name"], run.name);
  EXPECT_EQ(data["runs"][0]["summary"], run.summary);
}

}  // namespace
}  // namespace h2
