// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "modules/base/error.h"
#include "platform/experiment/render.h"
#include "platform/sweep/points_table.h"
#include "platform/sweep/process_pool.h"
#include "platform/sweep/sampling.h"
#include "platform/sweep/sweep_file.h"
#include "tests/test_folder.h"

namespace h2 {
namespace {

std::string write(const std::string& text) {
  const auto file = test_folder() / "h2_sweep.yaml";
  std::ofstream(file) << text;
  return file.string();
}

std::string error(const std::string& text) {
  try {
    read_sweep(write(text));
  } catch (const InputError& e) {
    const std::string message = e.what();
    return message.substr(message.find("h2_sweep.yaml"));
  }
  return "";
}

TEST(SweepFile, MultipliesGridListAndSample) {
  const SweepFile sweep = read_sweep(
      write("config: sub/m.yaml\nset: {training.batch_group: 1}\n"
            "grid:\n  engines.forward.rows: [32, 64]\n  memory.preset: [hbm2, ideal]\n"
            "list:\n  - {clock_mhz: 400}\n  - {clock_mhz: 800, engines.forward.cols: 8}\n"));
  EXPECT_EQ(std::filesystem::path(sweep.config).filename(), "m.yaml");
  ASSERT_EQ(sweep.points.size(), 8U);
  EXPECT_EQ(sweep.keys, (std::vector<std::string>{"engines.forward.rows", "memory.preset",
                                                  "clock_mhz", "engines.forward.cols"}));
  EXPECT_EQ(sweep.points[3].size(), 4U);
  EXPECT_EQ(sweep.points[3][0].value, "32");
  EXPECT_EQ(sweep.points[3][1].value, "ideal");
  EXPECT_EQ(sweep.points[3][2].value, "800");
  EXPECT_EQ(sweep.points[4][0].value, "64");
  EXPECT_FALSE(sweep.columns.empty());
}

TEST(SweepFile, SamplesRangesAndValues) {
  const SweepFile sweep = read_sweep(
      write("config: m.yaml\nsample:\n  points: 40\n  seed: 7\n  keys:\n"
            "    engines.forward.rows: {from: 1, to: 4}\n"
            "    clock_mhz: {from: 1, to: 1000, log: true}\n    memory.preset: [hbm2, ideal]\n"));
  ASSERT_EQ(sweep.points.size(), 40U);
  std::map<std::string, int> rows, presets;
  int below = 0;
  for (const SweepPoint& p : sweep.points) {
    ++rows[p[0].value];
    ++presets[p[2].value];
    const double clock = std::stod(p[1].value);
    EXPECT_GE(clock, 1);
    EXPECT_LE(clock, 1000);
    below += clock < std::sqrt(1000.0) ? 1 : 0;
  }
  EXPECT_EQ(rows, (std::map<std::string, int>{{"1", 10}, {"2", 10}, {"3", 10}, {"4", 10}}));
  EXPECT_EQ(presets, (std::map<std::string, int>{{"hbm2", 20}, {"ideal", 20}}));
  EXPECT_EQ(below, 20);  // half of them in each half of the logarithm
}

TEST(SweepFile, ErrorsNameLineKeyAndLegalValues) {
  EXPECT_NE(error("grid: {clock_mhz: [1]}\n").find("config: is missing"), std::string::npos);
  EXPECT_EQ(error("config: m.yaml\ngrid:\n  clock_mhs: [1]\n").find("h2_sweep.yaml:3:3: clock_mhs"),
            0U);
  EXPECT_NE(error("config: m.yaml\ngrid:\n  clock_mhz: 3\n").find("is not a list of values"),
            std::string::npos);
  EXPECT_NE(error("config: m.yaml\ndance: 3\n").find("legal: command, config"), std::string::npos);
  EXPECT_NE(error("config: m.yaml\ncommand: dance\n").find("legal: profile, train"),
            std::string::npos);
  EXPECT_NE(error("config: m.yaml\nsample: {points: 0, keys: {clock_mhz: [1]}}\n")
                .find("an integer in 1..1000000"),
            std::string::npos);
  EXPECT_NE(error("config: m.yaml\nsample: {points: 2, keys: {clock_mhz: {from: 0, to: 3, log: "
                  "true}}}\n")
                .find("0 < from <= to"),
            std::string::npos);
  EXPECT_NE(error("config: m.yaml\npareto: [a, b]\n").find("a is not a column"), std::string::npos);
  EXPECT_NE(error("config: [\n").find("is not YAML"), std::string::npos);
}

TEST(Sampling, LatinHypercubeHasOnePointInEveryPart) {
  const auto points = latin_hypercube(50, 3, 11);
  for (std::size_t d = 0; d < 3; ++d) {
    std::set<int> parts;
    for (const auto& p : points) parts.insert(static_cast<int>(p[d] * 50));
    EXPECT_EQ(parts.size(), 50U);
  }
  EXPECT_EQ(points, latin_hypercube(50, 3, 11));
  EXPECT_NE(points, latin_hypercube(50, 3, 12));
  const auto random = random_points(400, 1, 1);
  double mean = 0;
  for (const auto& p : random) mean += p[0] / 400;
  EXPECT_NEAR(mean, 0.5, 0.05);
}

PointRow row(double x, double y, const std::string& status = "ok") {
  PointRow r;
  r.status = status;
  r.values = {x, y};
  return r;
}

TEST(Pareto, MarksWhatNothingElseIsAsGoodAs) {
  std::vector<PointRow> rows{row(1, 9), row(2, 5),           row(3, 5),
                             row(4, 1), row(0, 0, "failed"), row(2, 5)};
  rows.push_back(row(0, 0));
  rows.back().values[1].reset();
  mark_pareto(rows, {0, 1});
  std::string marks;
  for (const PointRow& r : rows) marks += r.pareto ? '1' : '0';
  EXPECT_EQ(marks, "1101010");
}

TEST(Pareto, TableQuotesWhatHoldsCommas) {
  SweepFile sweep;
  sweep.keys = {"profile.mask_density"};
  sweep.columns = {{"time.cycles", "cycles"}, {"area.total_mm2", "mm2"}};
  PointRow r = row(3, 0.5);
  r.folder = "points/ab";
  r.keys = {"[0.1, 0.2]"};
  r.note = "say \"no\"";
  EXPECT_EQ(points_csv(sweep, {r}),
            "point,status,profile.mask_density,time.cycles [cycles],area.total_mm2 [mm2],pareto,"
            "note\npoints/ab,ok,\"[0.1, 0.2]\",3,0.5,0,\"say \"\"no\"\"\"\n");
}

TEST(ProcessPool, RunsEachOnceAndSaysHowItEnded) {
  std::vector<int> codes(9, -1);
  const std::size_t done = run_forked(
      codes.size(), 3,
      [](std::size_t i) {
        if (i == 4) std::abort();
        if (i == 5) throw InputError("refused");
        return static_cast<int>(i);
      },
      [&](std::size_t i, int code) { codes[i] = code; }, [] { return false; });
  EXPECT_EQ(done, codes.size());
  EXPECT_EQ(codes, (std::vector<int>{0, 1, 2, 3, 128 + 6, 2, 6, 7, 8}));
}

TEST(ProcessPool, StopsWhenAsked) {
  std::size_t ended = 0;
  const std::size_t done = run_forked(
      100, 1, [](std::size_t) { return 0; }, [&](std::size_t, int) { ++ended; },
      [&] { return ended == 3; });
  EXPECT_EQ(done, 3U);
}

/// What gnuplot would read as its own is left out of texts; the program is a function of the plot.
TEST(Plots, ProgramHoldsItsData) {
  const Plot plot{"p", "A \"title`", "x", "y", {"a", "b"}, {{"s", {1, std::nan("")}}}, true};
  const std::string program = plot_program(plot, "p.svg");
  EXPECT_NE(program.find("set title \"A title\""), std::string::npos);
  EXPECT_NE(program.find("\"a\" 1\n\"b\" NaN\n"), std::string::npos);
  EXPECT_EQ(program, plot_program(plot, "p.svg"));
}

}  // namespace
}  // namespace h2
