// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/experiment.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "modules/base/error.h"
#include "modules/base/markup.h"
#include "modules/base/wilson.h"
#include "platform/experiment/render.h"
#include "platform/experiment/trainings.h"
#include "platform/experiment/two_machines.h"
#include "tests/test_folder.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

TEST(Markup, TextHoldsNoTags) {
  EXPECT_EQ(markup_text("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
  EXPECT_EQ(script_json(R"({"a": "</script>"})"), R"({"a": "\u003c/script>"})");
}

/// Figures of Wilson's interval from a table: 81 of 263 with 95 %.
TEST(Wilson, KnownInterval) {
  const auto [low, high] = wilson_interval(81.0 / 263, 263);
  EXPECT_NEAR(low, 0.2553, 1e-4);
  EXPECT_NEAR(high, 0.3662, 1e-4);
}

TEST(Claims, TextsAreWhole) {
  const std::string long_text(200, 'x');
  EXPECT_EQ(text_of((long_text + "%.2f").c_str(), 1.5), long_text + "1.50");
}

TEST(Claims, AreLabelledByTheirDistance) {
  EXPECT_EQ(claim_within("a", 2, "%.1f", 2.19, kCycleTolerance, "").how, Evidence::mechanism);
  EXPECT_EQ(claim_within("a", 2, "%.1f", 2.21, kCycleTolerance, "").how, Evidence::refuted);
  EXPECT_EQ(claim_within("a", 2, "%.1f", 1.61, kCostTolerance, "").how, Evidence::mechanism);
  EXPECT_EQ(claim_within("a", 2, "%.1f", 1.59, kCostTolerance, "").how, Evidence::refuted);
  EXPECT_EQ(within(1.001, 0.002, Evidence::identity), Evidence::identity);
  EXPECT_EQ(within(1.003, 0.002, Evidence::identity), Evidence::refuted);
}

TEST(Claims, PageCountsAndEscapesThem) {
  ExperimentResult r{"x", "Fig. <x>", {}, {}, {}, {}};
  r.claims = {claim_within("good", 1, "%.1f", 1, 0.1, ""),
              claim_within("bad & worse", 1, "%.1f", 2, 0.1, "why")};
  const std::string markdown = results_markdown({r});
  EXPECT_NE(markdown.find("| Fig. <x> | 0 | 1 | 0 | 0 | 1 |"), std::string::npos) << markdown;
  const std::string page = results_page({r}, ::testing::TempDir());
  EXPECT_NE(page.find("<td>Fig. &lt;x&gt;</td>"), std::string::npos);
  EXPECT_NE(page.find("bad &amp; worse"), std::string::npos);
}

/// What a training came to is taken from its run, written, and read back.
TEST(Trainings, AreMeasuredOnceAndKept) {
  const fs::path folder = test_folder() / "trainings";
  const auto summary = nlohmann::ordered_json::parse(R"({
    "version": "9", "config": {"dataset": {"kind": "mnist"}, "training": {"sub_batch": 4}},
    "time": {"sub_batches": 50, "evaluation": {"samples": 60}},
    "wall": {"processor_seconds": 3},
    "result": {"test_accuracy": 0.5, "weights_sha256": "ab", "epochs": [
      {"train_accuracy": 0.1, "densities": {"conv1": {"mask": 0.5}, "fc1": {"gradient": 0.25}}},
      {"train_accuracy": 0.2, "test_accuracy": 0.5, "densities": {}}]}})");
  RunAll runs([&](const std::vector<RunRequest>& requests) {
    return std::vector<RunOutcome>(requests.size(), RunOutcome{{}, summary, "", ""});
  });
  runs.measured = runs.out = folder;
  const LongTraining& training = long_trainings().front();
  EXPECT_FALSE(measured(training, runs));
  runs.train_long = true;
  const auto now = measured(training, runs);
  ASSERT_TRUE(now);
  EXPECT_EQ((*now)["samples"], 100);      // 50 sub-batches of 4 in two passes
  EXPECT_EQ((*now)["test_samples"], 60);  // one test
  runs.train_long = false;
  runs.measured = folder / "measured";
  const auto kept = measured(training, runs);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, *now);
  const auto& first = (*kept)["epochs"][0];
  EXPECT_DOUBLE_EQ(density_of(first, "fc1", "gradient").value_or(0), 0.25);
  EXPECT_FALSE(density_of(first, "conv1", "gradient"));
  EXPECT_FALSE(density_of(first, "conv9", "mask"));
  std::ofstream(runs.measured / (std::string(training.name) + ".json")) << "{}";
  EXPECT_THROW(measured(training, runs), InputError);
}

TEST(TwoMachines, CurvesMeetOneOnTheLineBetweenTwoPoints) {
  EXPECT_NEAR(where_one({0.02, 0.05, 0.1}, {0.5, 1.5, 4}), 0.035, 1e-12);
  EXPECT_NEAR(where_one({0.02, 0.05, 0.1}, {0.25, 0.5, 0.75}), 0.15, 1e-12);  // beyond the last
  EXPECT_NEAR(where_one({0.02, 0.04, 0.1}, {1.5, 2, 4}), 0, 1e-12);           // before the first
}

TEST(TwoMachines, RatiosAreOfEqualThroughput) {
  EngineRun spinalflow, forward;
  spinalflow.seconds = 0.02;
  spinalflow.joules = 3;
  spinalflow.leakage_w = 50;
  spinalflow.area_mm2 = 2;
  forward.seconds = 0.001;
  forward.joules = 4;
  forward.leakage_w = 1000;
  forward.area_mm2 = 10;
  const MachineRatio r = ratio_of(spinalflow, forward);
  EXPECT_DOUBLE_EQ(r.units, 20);
  EXPECT_DOUBLE_EQ(r.area_counted, 4);
  EXPECT_DOUBLE_EQ(r.area_published, 20 * 2.09 / 21.61);
  EXPECT_DOUBLE_EQ(r.energy_events, 0.75);
  EXPECT_DOUBLE_EQ(r.energy_counted, 0.8);
  EXPECT_DOUBLE_EQ(r.energy_published, 0.162 * 0.02 / (20.57 * 21.61 / 110.46 * 0.001));
}

}  // namespace
}  // namespace h2
