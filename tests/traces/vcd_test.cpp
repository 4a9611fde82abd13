// SPDX-License-Identifier: Apache-2.0
#include "traces/record/vcd.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/data/input_files.h"

namespace h2 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Vcd : public FolderTest {
 protected:
  std::string file() const { return path("run.vcd"); }

  std::string content(const std::string& name = "run.vcd") const {
    std::ifstream input(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(input), {}};
  }
  /// What follows the declarations.
  std::string body() const {
    const std::string text = content(), mark = "$enddefinitions $end\n";
    const std::size_t at = text.find(mark);
    return at == std::string::npos ? "no declarations" : text.substr(at + mark.size());
  }
};

TEST_F(Vcd, WholeFile) {
  VcdWriter vcd(file(), {});
  const int busy = vcd.add_wire("top.fe", "busy", 1);
  const int level = vcd.add_wire("top.fe.in", "level", 5);
  const int share = vcd.add_real("top", "share");
  const int layer = vcd.add_text("top.be", "layer");
  vcd.start();
  vcd.change(busy, 0, 1);
  vcd.change(level, 1250, 5);
  vcd.change_real(share, 1250, 0.1);
  vcd.change_text(layer, 2500, "conv1 tile\t3");
  vcd.change(busy, 2500, 0);
  vcd.close(5000);
  EXPECT_EQ(content(),
            "$date not recorded $end\n$version H2Learn-VP $end\n$timescale 1 ps $end\n"
            "$scope module top $end\n"
            "$var real 64 # share $end\n"
            "$scope module fe $end\n"
            "$var wire 1 ! busy $end\n"
            "$scope module in $end\n"
            "$var wire 5 \" level [4:0] $end\n"
            "$upscope $end\n$upscope $end\n"
            "$scope module be $end\n"
            "$var string 1 $ layer $end\n"
            "$upscope $end\n$upscope $end\n"
            "$enddefinitions $end\n"
            "#0\n$dumpvars\n1!\nb0 \"\nr0 #\ns- $\n$end\n"
            "#1250\nb101 \"\nr0.1 #\n"
            "#2500\n0!\nsconv1_tile_3 $\n"
            "#5000\n");
  EXPECT_EQ(vcd.changes(), 4U);
}

TEST_F(Vcd, WritesRealChangesOnly) {
  VcdWriter vcd(file(), {});
  const int a = vcd.add_wire("top", "a", 8);
  vcd.start();
  vcd.change(a, 100, 7);
  vcd.change(a, 200, 7);
  vcd.change(a, 300, 9);
  vcd.change(a, 300, 7);
  vcd.change(a, 400, 8);
  vcd.close(400);
  EXPECT_EQ(body(), "#0\n$dumpvars\nb0 !\n$end\n#100\nb111 !\n#400\nb1000 !\n");
}

TEST_F(Vcd, OrderOfCallsWithinATimeDoesNotMatter) {
  for (const bool swapped : {false, true}) {
    VcdWriter vcd(path(swapped ? "b.vcd" : "a.vcd"), {});
    const int x = vcd.add_wire("top", "x", 1);
    const int y = vcd.add_wire("top", "y", 1);
    vcd.start();
    vcd.change(swapped ? y : x, 10, 1);
    vcd.change(swapped ? x : y, 10, 1);
    vcd.close(20);
  }
  EXPECT_EQ(content("a.vcd"), content("b.vcd"));
}

TEST_F(Vcd, WindowOpensWithTheValuesOfItsStart) {
  VcdWriter vcd(file(), {{"*"}, 0, 1000, 2000});
  const int a = vcd.add_wire("top", "a", 8);
  const int b = vcd.add_wire("top", "b", 1);
  vcd.start();
  vcd.change(a, 10, 1);
  vcd.change(a, 500, 2);
  vcd.change(b, 1000, 1);
  vcd.change(a, 1500, 3);
  vcd.change(b, 2000, 0);
  vcd.change(a, 2001, 4);
  vcd.close(9000);
  EXPECT_EQ(body(), "#1000\n$dumpvars\nb10 !\n1\"\n$end\n#1500\nb11 !\n#2000\n0\"\n");
  EXPECT_EQ(vcd.changes(), 2U);
}

TEST_F(Vcd, WindowWithoutChangesStillShowsItsValues) {
  VcdWriter vcd(file(), {{"*"}, 0, 1000, 2000});
  const int a = vcd.add_wire("top", "a", 8);
  vcd.start();
  vcd.change(a, 10, 1);
  vcd.change(a, 3000, 2);
  vcd.close(3000);
  EXPECT_EQ(body(), "#1000\n$dumpvars\nb1 !\n$end\n#2000\n");
}

TEST_F(Vcd, WindowAtTheVeryEnd) {
  VcdWriter vcd(file(), {{"*"}, 0, 1000, 0});
  const int a = vcd.add_wire("top", "a", 8);
  vcd.start();
  vcd.change(a, 1000, 1);
  vcd.close(1000);
  EXPECT_EQ(body(), "#1000\n$dumpvars\nb1 !\n$end\n");
}

TEST_F(Vcd, WindowNeverReachedShowsTheLastValues) {
  VcdWriter vcd(file(), {{"*"}, 0, 1000, 0});
  const int a = vcd.add_wire("top", "a", 8);
  vcd.start();
  vcd.change(a, 10, 1);
  vcd.close(999);
  EXPECT_EQ(body(), "#999\n$dumpvars\nb1 !\n$end\n");
}

TEST_F(Vcd, SelectsByPatternAndLevel) {
  VcdWriter vcd(file(), {{"top.fe", "*.le?el"}, 1, 0, 0});
  EXPECT_NE(vcd.add_wire("top.fe.in", "deep", 1), VcdWriter::kNotTraced);
  EXPECT_NE(vcd.add_wire("top.be", "level", 1), VcdWriter::kNotTraced);
  EXPECT_NE(vcd.add_wire("top.fe", "tile", 1, 1), VcdWriter::kNotTraced);
  const int burst = vcd.add_wire("top.fe", "burst", 1, 2);
  const int other = vcd.add_text("top.fe2", "busy");
  EXPECT_EQ(burst, VcdWriter::kNotTraced);
  EXPECT_EQ(other, VcdWriter::kNotTraced);
  vcd.start();
  vcd.change(burst, 10, 1);
  vcd.change_text(other, 20, "x");
  vcd.close(30);
  EXPECT_THAT(content(), Not(HasSubstr("burst")));
  EXPECT_THAT(content(), Not(HasSubstr("fe2")));
  EXPECT_EQ(vcd.changes(), 0U);
}

TEST_F(Vcd, NamesPatternThatMatchesNothing) {
  VcdWriter vcd(file(), {{"*", "top.fee"}, 0, 0, 0});
  vcd.add_wire("top.fe", "busy", 1);
  expect_input_error([&] { vcd.start(); }, {"trace.vcd.scopes", "'top.fee'", "scopes are top.fe"});
}

TEST_F(Vcd, NamesLevelThatLeavesNothing) {
  VcdWriter vcd(file(), {{"*"}, 0, 0, 0});
  vcd.add_wire("top.fe", "burst", 1, 2);
  expect_input_error([&] { vcd.start(); }, {"trace.vcd.scopes", "'*'", "finer trace.vcd.level"});
}

TEST_F(Vcd, NamesPatternThatTheLevelLeavesOut) {
  VcdWriter vcd(file(), {{"top.fe", "*.burst"}, 0, 0, 0});
  vcd.add_wire("top.fe", "busy", 1);
  vcd.add_wire("top.fe", "burst", 1, 2);
  expect_input_error([&] { vcd.start(); }, {"'*.burst'", "finer trace.vcd.level"});
}

TEST_F(Vcd, ManyVariablesGetDistinctCodes) {
  VcdWriter vcd(file(), {});
  int last = 0;
  for (int i = 0; i < 9000; ++i) last = vcd.add_wire("top", "v" + std::to_string(i), 1);
  vcd.start();
  vcd.change(last, 1, 1);
  vcd.close(1);
  const std::string text = content();
  const std::size_t at = text.find(" v8999 $end");
  ASSERT_NE(at, std::string::npos);
  const std::string code = text.substr(at - 3, 3);
  EXPECT_EQ(text.find(" " + code + " "), at - 4) << "first use of the code";
  EXPECT_THAT(text, ::testing::EndsWith("#1\n1" + code + "\n"));
}

TEST_F(Vcd, RefusesMisuse) {
  VcdWriter vcd(file(), {});
  const int a = vcd.add_wire("top", "a", 4);
  EXPECT_THROW(vcd.add_wire("top", "a", 4), std::logic_error);
  EXPECT_THROW(vcd.add_wire("top", "wide", 65), std::logic_error);
  EXPECT_THROW(vcd.change(a, 0, 1), std::logic_error) << "before start";
  vcd.start();
  EXPECT_THROW(vcd.add_wire("top", "late", 4), std::logic_error);
  vcd.change(a, 100, 15);
  EXPECT_THROW(vcd.change(a, 99, 1), std::logic_error) << "time goes back";
  EXPECT_THROW(vcd.change(a, 100, 16), std::logic_error) << "does not fit 4 bits";
  vcd.close(100);
  EXPECT_THROW(vcd.change(a, 200, 1), std::logic_error) << "after close";
}

TEST_F(Vcd, KeepsWhatAFailedRunWrote) {
  {
    VcdWriter vcd(file(), {});
    const int a = vcd.add_wire("top", "a", 1);
    vcd.start();
    vcd.change(a, 100, 1);
    vcd.change(a, 200, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(file())) << "the name is that of a whole file";
  std::filesystem::rename(file() + ".partial", file());
  EXPECT_EQ(body(), "#0\n$dumpvars\n0!\n$end\n#100\n1!\n");
}

TEST_F(Vcd, ValuesToldLaterStandWhereTheyBegan) {
  VcdWriter vcd(file(), {});
  const int rate = vcd.add_wire("top", "rate", 4);
  const int other = vcd.add_wire("top", "other", 1);
  vcd.start();
  vcd.open(rate, 100);
  vcd.change(other, 150, 1);
  vcd.open(rate, 200);
  vcd.resolve(rate, 5);
  vcd.change(other, 300, 0);
  vcd.resolve(rate, 5);
  vcd.change(rate, 400, 0);
  vcd.close(500);
  EXPECT_EQ(body(),
            "#0\n$dumpvars\nb0 !\n0\"\n$end\n#100\nb0101 !\n#150\n1\"\n#200\nb0101 !\n"
            "#300\n0\"\n#400\nb0 !\n#500\n");
}

TEST_F(Vcd, ValuesToldLaterSurviveWindowAndBuffer) {
  VcdWriter vcd(file(), {{"*"}, 0, 150, 0});
  const int rate = vcd.add_wire("top", "rate", 4);
  const int other = vcd.add_wire("top", "other", 16);
  vcd.start();
  vcd.open(rate, 100);
  for (std::uint64_t t = 0; t < 20000; ++t) vcd.change(other, 200 + t, t & 0xffff);
  vcd.resolve(rate, 9);
  vcd.change(rate, 30000, 0);
  vcd.close(30000);
  EXPECT_THAT(body(), ::testing::StartsWith("#150\n$dumpvars\nb1001 !\nb0 \"\n$end\n"));
  EXPECT_THAT(body(), ::testing::EndsWith("#30000\nb0 !\n"));
  EXPECT_THAT(body(), Not(HasSubstr("x")));
}

TEST_F(Vcd, EndsWhereItIsFull) {
  VcdSelection small;
  small.max_bytes = 1000;
  VcdWriter vcd(file(), small);
  const int a = vcd.add_wire("top", "a", 16);
  vcd.start();
  for (std::uint64_t t = 1; t < 1000; ++t) vcd.change(a, 10 * t, t);
  vcd.close(20000);
  EXPECT_GT(vcd.full_ps(), 0U);
  EXPECT_GE(content().size(), 1000U);
  EXPECT_LT(content().size(), 1100U);
  EXPECT_THAT(content(), HasSubstr("#" + std::to_string(vcd.full_ps()) + "\n"));
  EXPECT_THAT(content(), Not(HasSubstr("#20000")));
}

TEST_F(Vcd, ReportsFileErrors) {
  VcdWriter nowhere(path("none/run.vcd"), {});
  nowhere.add_wire("top", "a", 1);
  EXPECT_THROW(nowhere.start(), RunError);
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  std::filesystem::create_symlink("/dev/full", file() + ".partial");
  VcdWriter vcd(file(), {});
  vcd.add_wire("top", "a", 1);
  vcd.start();
  EXPECT_THROW(vcd.close(1), RunError);
  vcd.discard();
  EXPECT_FALSE(std::filesystem::exists(file() + ".partial"));
}

// GTKWave's converters read the file, so that not only our own idea of the format is tested.
TEST_F(Vcd, ReadsBackThroughGtkWave) {
  VcdWriter vcd(file(), {});
  const int busy = vcd.add_wire("top.fe", "busy", 1);
  const int level = vcd.add_wire("top.fe", "level", 40);
  const int share = vcd.add_real("top", "share");
  const int layer = vcd.add_text("top.be", "layer");
  vcd.start();
  for (std::uint64_t i = 0; i < 1000; ++i) vcd.change(busy, 1250 * (i + 1), i % 2 == 0 ? 1 : 0);
  vcd.change(level, 1250000, (1ULL << 40) - 1);
  vcd.change_real(share, 1500000, 0.25);
  vcd.change_text(layer, 1600000, "conv1");
  vcd.close(2000000);

  const std::string command =
      "python3 " H2_SOURCE_DIR "/tests/traces/read_vcd.py " + file() + " > " + path("read.json");
  const int status = WEXITSTATUS(std::system(command.c_str()));
  if (status == 77) GTEST_SKIP() << "vcd2fst and fst2vcd (package gtkwave) are not installed";
  ASSERT_EQ(status, 0);
  const auto read = nlohmann::json::parse(content("read.json"));
  EXPECT_EQ(read["timescale"], "1ps");
  EXPECT_EQ(read["start"], 0);
  EXPECT_EQ(read["end"], 2000000);
  const auto& signals = read["signals"];
  EXPECT_EQ(signals["top.fe.busy"]["changes"], 1000);
  EXPECT_EQ(signals["top.fe.busy"]["time"]["1"], 500 * 1250);
  EXPECT_EQ(signals["top.fe.busy"]["time"]["0"], 2000000 - 500 * 1250);
  EXPECT_EQ(signals["top.fe.level"]["time"]["1099511627775"], 750000);
  EXPECT_EQ(signals["top.share"]["time"]["0.25"], 500000);
  EXPECT_EQ(signals["top.be.layer"]["time"]["conv1"], 400000);
}

}  // namespace
}  // namespace h2
