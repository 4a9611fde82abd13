// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/config/config_files.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

using nlohmann::json;

/// busy + stall + idle = elapsed, for clocks that divide a picosecond grid evenly or not.
TEST(Times, AddUpExactly) {
  for (const char* clock : {"800", "1000", "700", "333"}) {
    for (const char* host : {"800", "13", "0"}) {
      SCOPED_TRACE(std::string(clock) + " MHz, host " + host);
      const json s = json::parse(
          train(tiny_config({{"clock_mhz", clock}, {"host.cycles_per_sub_batch", host}})).summary);
      for (const auto& [name, e] : s["engines"].items()) {
        EXPECT_EQ(e["busy_cycles"].get<std::uint64_t>() + e["stall_cycles"].get<std::uint64_t>() +
                      e["idle_cycles"].get<std::uint64_t>(),
                  s["time"]["cycles"].get<std::uint64_t>())
            << name;
        EXPECT_GT(e["busy_cycles"], 0) << name;
      }
    }
  }
}

TEST(Times, LayersFitIntoTheirEngine) {
  const json s = json::parse(train(tiny_config()).summary);
  std::map<std::string, std::uint64_t> cycles, compute;
  for (const json& l : s["layers"]) {
    EXPECT_LE(l["compute_cycles"], l["cycles"]) << l;
    EXPECT_LE(l["memory_cycles"], l["cycles"]) << l;
    EXPECT_GT(l["compute_cycles"], 0) << l;
    EXPECT_EQ(l["kind"] == "array", l["macs"] > 0) << l;
    EXPECT_GT(l["bytes"], 0) << l;
    EXPECT_LE(l["cycles"], l["cycles_total"]) << l;
    const double waits = l["cycles"].get<double>() - l["compute_cycles"].get<double>();
    EXPECT_EQ(l["bound_by"], waits > 0.1 * l["cycles"].get<double>() ? "memory" : "compute") << l;
    cycles[l["engine"]] += l["cycles_total"].get<std::uint64_t>();
    compute[l["engine"]] += l["compute_cycles_total"].get<std::uint64_t>();
  }
  for (const auto& [name, e] : s["engines"].items()) {
    EXPECT_LE(compute[name], e["busy_cycles"].get<std::uint64_t>()) << name;
    EXPECT_LE(cycles[name],
              e["busy_cycles"].get<std::uint64_t>() + e["stall_cycles"].get<std::uint64_t>())
        << name;
  }
  // Evaluation comes after training and counts on its own.
  EXPECT_EQ(s["time"]["evaluation"]["samples"], 4);
  EXPECT_GT(s["time"]["evaluation"]["cycles"], 0);
}

/// The causes sum to the time per sub-batch; layers, optimiser steps included, to the engines'
/// bytes.
TEST(Times, TheBreakdownIsThePeriod) {
  for (const char* overlap : {"true", "false"}) {
    SCOPED_TRACE(overlap);
    const json s = json::parse(train(tiny_config({{"pipeline.overlap", overlap}})).summary);
    double sum = 0;
    for (const auto& [cause, cycles] : s["time"]["breakdown"].items()) {
      EXPECT_GE(cycles.get<double>(), 0) << cause;
      sum += cycles.get<double>();
    }
    EXPECT_NEAR(sum, s["time"]["cycles_per_sub_batch"].get<double>(), 1e-3);
    EXPECT_GT(s["time"]["breakdown"]["update"], 0);
    std::uint64_t layers = 0, memories = 0;
    std::set<std::string> kinds;
    for (const json& l : s["layers"]) {
      layers += l["bytes_total"].get<std::uint64_t>();
      kinds.insert(l["kind"]);
    }
    EXPECT_EQ(kinds, (std::set<std::string>{"array", "grad", "update"}));
    for (const auto& [name, m] : s["memory"].items()) {
      memories += m["read_bytes"].get<std::uint64_t>() + m["write_bytes"].get<std::uint64_t>();
    }
    EXPECT_LE(layers, memories);  // the rest is the host's and the controller's
    EXPECT_GT(layers, memories / 2);
  }
}

class Waveform : public ConfigFiles {
 protected:
  /// What the third-party reader says of `vcd`; null if it is not installed.
  static json read(const std::string& vcd) {
    const std::string command =
        "python3 '" H2_SOURCE_DIR "/tests/traces/read_vcd.py' '" + vcd + "' 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    std::string text;
    char part[4096];
    for (std::size_t n; (n = fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, n);
    const int status = pclose(pipe);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == 77 || code == 127) return nullptr;
    EXPECT_EQ(code, 0) << text;
    return code == 0 ? json::parse(text) : json::object();
  }
};

TEST_F(Waveform, AgreesWithTheSummary) {
  Sets sets{{"trace.vcd.enable", "true"}};
  const std::string vcd = (folder_ / "trace.vcd").string();
  const TrainingRun whole = train(tiny_config(sets));
  const double period_us = 1.0 / 800;
  const auto from = whole.record.train_start.cycle, to = whole.record.train_end.cycle;
  sets.push_back({"trace.vcd.from_us", std::to_string(static_cast<double>(from) * period_us)});
  sets.push_back({"trace.vcd.to_us", std::to_string(static_cast<double>(to) * period_us)});
  const TrainingRun run = train(tiny_config(sets), {}, vcd);
  const json wave = read(vcd);
  if (wave.is_null()) GTEST_SKIP() << "vcd2fst and fst2vcd (package gtkwave) are not installed";
  const json summary = json::parse(run.summary);
  const char* const kStates[] = {"idle", "load_store", "stall", "compute"};  // as in the table
  ASSERT_EQ(wave["timescale"], "1ps");
  for (const char* engine : {"forward", "backward", "weight_update"}) {
    SCOPED_TRACE(engine);
    const json& spent =
        wave["signals"][std::string("top.") + engine + "." + engine + "_state"]["time"];
    const auto cycles = [&](const char* state) {
      const auto word = std::find(std::begin(kStates), std::end(kStates), std::string(state));
      const std::string number = std::to_string(word - std::begin(kStates));
      return spent.contains(number) ? spent[number].get<double>() / 1250 : 0.0;
    };
    const json& told = summary["engines"][engine];
    EXPECT_EQ(cycles("compute"), told["busy_cycles"].get<double>());
    EXPECT_EQ(cycles("stall") + cycles("load_store"), told["stall_cycles"].get<double>());
    EXPECT_NEAR(cycles("idle"), told["idle_cycles"].get<double>(), 1.0);
  }
}

/// The save file for GTKWave names all signals that a waveform has, each with its range.
TEST_F(Waveform, SaveFileNamesRealSignals) {
  const std::string vcd = (folder_ / "trace.vcd").string();
  train(tiny_config({{"trace.vcd.enable", "true"}}), {}, vcd);
  std::set<std::string> declared;
  std::vector<std::string> scopes;
  std::istringstream header(read_text(vcd));
  for (std::string line; std::getline(header, line) && line != "$enddefinitions $end";) {
    std::istringstream words(line);
    std::string what, kind, name, skip, range;
    words >> what;
    if (what == "$scope") {
      words >> kind >> name;
      scopes.push_back(name);
    } else if (what == "$upscope") {
      scopes.pop_back();
    } else if (what == "$var") {
      words >> kind >> skip >> skip >> name >> range;
      std::string path;
      for (const std::string& s : scopes) path += s + ".";
      declared.insert(path + name + (range[0] == '[' ? range : ""));
    }
  }
  std::istringstream save(read_text((folder_ / "trace.gtkw").string()));
  int signals = 0;
  for (std::string line; std::getline(save, line);) {
    if (line.rfind("top.", 0) != 0) continue;
    ++signals;
    EXPECT_EQ(declared.count(line), 1U) << line;
  }
  EXPECT_EQ(static_cast<std::size_t>(signals), declared.size());
}

TEST_F(Waveform, EveryLevelShowsMore) {
  std::map<std::string, std::size_t> size;
  for (const char* level : {"phases", "tiles", "bursts"}) {
    const std::string vcd = (folder_ / (std::string(level) + ".vcd")).string();
    train(tiny_config({{"trace.vcd.enable", "true"}, {"trace.vcd.level", level}}), {}, vcd);
    size[level] = read_text(vcd).size();
  }
  EXPECT_LT(size["phases"], size["tiles"]);
  EXPECT_LT(size["tiles"], size["bursts"]);
}

}  // namespace
}  // namespace h2
